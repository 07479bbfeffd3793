-- @strict
-- routines with SQL bodies before their tables are renamed
-- @@ a
create table zone (id int primary key, label text);
create function zones() returns bigint language sql stable begin atomic select count(*) from zone; end;
create procedure add_zone(p text) language sql begin atomic insert into zone (id, label) values (1, p); end;
-- @@ b
alter table zone add column a int;
-- @@ c
alter table zone rename to area;
-- @@ d
alter table area add column b int;
-- @@ e
alter table area rename column label to title;
-- @@ f
alter table area add column c int;
