-- a domain over an enum with a default of a function; a function that takes the rows of a view that calls it; two builds
-- @@ a client=script
create schema d;
create type d.lvl as enum ('lo', 'hi');
create function d.usual() returns d.lvl language sql stable as $$ select 'lo'::d.lvl $$;
create domain d.level as d.lvl default d.usual() not null check (value::d.lvl in ('lo', 'hi'));
create table d.t (id int primary key, l d.level, ls d.level[]);
create view d.v as select id, l from d.t;
create function d.is_hi(r d.v) returns boolean language sql stable as $$ select (r).l::d.lvl = 'hi' $$;
-- @@ build
-- @@ b client=script
create or replace view d.v as select id, l, ls from d.t where l::d.lvl > 'lo';
-- @@ build
-- @@ c client=script
alter domain d.level add constraint short check (value::d.lvl < 'hi') not valid;
alter table d.t add column x int;
