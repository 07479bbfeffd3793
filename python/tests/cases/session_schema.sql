-- a session's search_path has a schema that no row makes: functions, which v1 calls by their oids, and a block come to
-- be in it
-- @strict
-- @@ place
create schema shop;
-- @@ functions
set search_path to shop, public;
create function plain(text) returns text language sql immutable return lower($1);
create function twice(text) returns text language sql immutable return plain($1) || plain($1);
-- @@ table
set search_path to shop, public;
create table item (id int primary key, name text, found text generated always as (twice(name)) stored);
-- @@ other
create schema depot;
-- @@ block
set search_path to depot;
do $$ begin create table bin (id int primary key, place text); end $$;
-- @@ more
set search_path to depot;
alter table bin add column size int;
create index on bin (place);
