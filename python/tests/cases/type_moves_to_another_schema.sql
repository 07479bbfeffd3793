-- types move to another schema without a row: what named them before, and found them by a search_path that no text says,
-- is not exact
-- @@ first
create schema api;
create type state as enum ('on', 'off');
create domain positive as int check (value > 0);
create type spot as (x int, y int);
create table lamp (id int primary key, s state default 'off');
create function flip(s state, at spot) returns state language sql as $$ select s $$;
create table place (id positive, at spot[]);
-- @@ second author=bob
alter type state set schema api;
alter domain positive set schema api;
alter type spot set schema api;
-- @@ third
create table bulb (id int, s api.state);
create function flop(s api.state) returns text language sql as $$ select s::text $$;
-- @after select fidelity = 'exact' from pggit_audit.changes where object_identity = 'public.flop(api.state)'
-- @after select fidelity = 'repaired' from pggit_audit.changes where object_identity = 'public.place'
