-- a routine is taken out of its extension, and replaced: a new database gets it with the extension again
-- @server 15
-- @@ a
create extension unaccent;
create table t (id int primary key, n text);
-- @@ b
alter extension unaccent drop function unaccent(text);
-- @@ c
create or replace function unaccent(text) returns text language c stable strict parallel safe as '$libdir/unaccent', 'unaccent_dict';
-- @@ d
alter table t add column y int;
-- @@ build
-- @@ e
alter table t add column z int;
-- @@ f
drop function unaccent(text);
