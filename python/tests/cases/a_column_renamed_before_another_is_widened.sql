-- Columns are renamed, and nothing records it; later a column before one of them gets another type, and with that
-- PostgreSQL 15 writes the catalog's rows of all columns behind it again. So the id says nothing of the rename; those
-- of the same rename in other tables do.
-- @strict
-- @server 15
-- @@ first
create table pet (id int primary key, note varchar(10), owned_on date);
create table cage (id int primary key, owned_on date);
create table food (id int primary key);
-- @@ second
alter table pet rename owned_on to owned_at;
alter table cage rename owned_on to owned_at;
-- @@ third
alter table food add column kind text;
-- @@ fourth
alter table food add column price numeric(8,2);
-- @@ fifth
alter table pet alter column note type varchar(20);
-- @@ sixth
alter table food add column weight int;
