-- a routine that an extension brought is replaced: its row is the extension's
-- @strict
-- @server 15
-- @@ a
create extension unaccent;
create table t (id int primary key, n text);
-- @@ b
create or replace function unaccent(text) returns text language c stable strict parallel safe as '$libdir/unaccent', 'unaccent_dict';
alter table t add column w int;
-- @@ c
alter table t add column x int;
-- @@ build
-- @@ d
create or replace function unaccent(text) returns text language c immutable strict parallel safe as '$libdir/unaccent', 'unaccent_dict';
alter table t add column y int;
