-- one text makes some routines with their schema, others without: the first row tells nothing of where names are read
-- @strict
-- @@ a client=script
create schema app;
create table person (id int primary key, name text);
-- @@ b client=script
create type token as (id int, name text);
create function app.token_of(p person) returns token language sql stable as 'select p.id, p.name';
create function name_of(p person) returns text language sql stable as 'select p.name';
create function app.is_known(p person) returns boolean language sql stable as 'select p.name is not null';
-- @@ c client=script
drop function name_of;
create domain label as text;
create or replace function app.token_of(p person) returns token language sql stable as 'select p.id, upper(p.name)';
create function name_of(p person) returns label language sql stable as 'select p.name::label';
-- @@ d client=script
set search_path = app, public;
create type pair as (a int, b int);
create function pair_of(p person) returns pair language sql stable as 'select p.id, p.id';
create function public.twice(n int) returns int language sql as 'select 2 * n';
