-- @strict
-- an enum of a schema renamed, moved, a label added, and used as an array
-- @@ a
create schema app;
create type app.sort as enum ('a', 'b');
create table app.lu (id int primary key, def app.sort not null default 'a', all_of app.sort[]);
-- @@ b
alter type app.sort add value 'c';
-- @@ c
alter table app.lu add column y int;
-- @@ d
alter type app.sort rename to kind;
-- @@ e
alter table app.lu add column z app.kind default 'c';
-- @@ f
create table last (id int);
