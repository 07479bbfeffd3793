-- extensions that require one another and live in different schemas; DROP EXTENSION ... CASCADE takes columns along
-- @server 15
-- @@ a
create schema geo; create schema shared;
create extension cube schema shared;
create extension earthdistance schema geo;
create extension citext schema shared;
-- @@ b
create table place (id int primary key, name shared.citext, at shared.cube);
create index place_at on place using gist (at);
-- @@ c
create table tag (id int, word shared.citext unique, plain text);
create view words as select plain from tag;
-- @@ d
drop extension citext cascade;
-- @@ e
alter table tag add column w2 text;
alter table place add column n2 text;
