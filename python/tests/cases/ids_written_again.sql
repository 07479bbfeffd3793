-- what leaves no row writes the catalog's rows of what left none before
-- @@ a
create table t (id int primary key, a int, b text, status text);
create type mood as enum ('sad', 'ok');
create sequence ticket;
-- @@ b
alter table t rename column a to c;
create procedure tidy() language sql as 'select 1';
alter type mood add value 'happy';
-- @@ c
create table u (id int primary key);
-- @@ d
grant select (c) on t to public;
create or replace procedure tidy() language sql as 'select 2';
grant usage on sequence ticket to public;
grant usage on type mood to public;
alter type mood rename value 'happy' to 'glad';
-- @@ e
alter table u add column n int;
-- @@ f
alter table t add column d int;
