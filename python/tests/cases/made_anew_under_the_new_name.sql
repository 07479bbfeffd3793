-- @strict
-- a table is renamed, dropped and made anew under its second name: what is called after that name is the second one's
-- (the first names were dropped once before, so v1 leaves no row of their second end)
-- @@ a
create table ward (id serial primary key, code text unique);
-- @@ b
drop table ward;
create table ward (id serial primary key, code text unique, bed int);
-- @@ c
alter table ward rename to unit;
-- @@ d client=psql1
drop table unit cascade;
create table unit (id serial primary key, code text unique, floor int);
-- @@ e
alter table unit add column closed boolean;
-- @@ f
create table visit (id int primary key, unit_code text references unit (code));
