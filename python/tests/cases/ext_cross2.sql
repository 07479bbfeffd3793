-- only: extensions that require one another and live in different schemas
-- @server 15
-- @@ a
create schema geo; create schema shared;
create extension cube schema shared;
create extension earthdistance schema geo;
-- @@ b
create table place (id int primary key, at shared.cube);
-- @@ c
alter table place add column n2 text;
