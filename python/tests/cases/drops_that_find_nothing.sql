-- @strict
-- drops of a view, a function and a trigger that find nothing under this search_path
-- @@ a client=script
create schema app;
create table app.t (id int primary key, a int);
create function app.f() returns int language sql as 'select 1';
create view app.v as select id from app.t;
-- @@ b client=script
do $$ begin drop view if exists v; drop function if exists f(); drop table if exists t; create table app.u (id int); end $$;
-- @@ c client=script
alter table app.t add column b int;
create view app.w as select id from app.v;
-- @@ d client=script
alter table app.u add column d int default app.f();
