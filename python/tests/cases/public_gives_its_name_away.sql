-- @nohead
-- public itself is renamed away, another schema takes its name; twice
-- @@ a
create schema next;
create table next.t (id int primary key, v text);
create view next.tv as select id from next.t;
create table t (id int primary key);
create function f() returns int language sql as 'select 1';
-- @@ b client=psql1
alter schema public rename to old;
alter schema next rename to public;
-- @@ c
alter table t add column w int;
create table u (id int references t);
-- @@ d client=psql1
drop schema old cascade;
create schema next;
create table next.t (id int primary key, v text, w int);
-- @@ d2 client=psql1
alter schema public rename to old;
alter schema next rename to public;
-- @@ e
alter table t add column x int;
create index on t (x);
-- @@ build
-- @@ f
drop schema old cascade;
alter table t add column y int;
