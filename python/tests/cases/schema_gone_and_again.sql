-- @strict
-- a schema goes with all that is in it, and comes back with things of the same names, otherwise
-- @@ a client=script
create schema api;
create table api.t (id int primary key, a text);
create view api.v as select a from api.t;
create function api.f() returns int language sql as 'select 1';
create table public.uses (id int, f int default api.f());
-- @@ b client=script
drop schema api cascade;
create schema api;
create table api.t (id bigint primary key, b int);
create view api.v as select b from api.t;
-- @@ c client=script
create function api.f() returns int language sql as 'select 2';
alter table public.uses alter column f set default api.f();
-- @@ d client=script
alter table api.t add column c int;
