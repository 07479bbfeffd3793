-- a schema is made long before anything is in it: its id tells when; another is renamed
-- @strict
-- @@ a
create schema api;
create schema "Old";
create table t (id int primary key);
create table "Old".t (id int);
-- @@ b
alter table t add column n int;
alter schema "Old" rename to fresh;
create table u (id int);
-- @@ c
create function api.f() returns int language sql as 'select 1';
alter table fresh.t add column n int;
