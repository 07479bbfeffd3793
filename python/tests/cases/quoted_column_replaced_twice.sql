-- a column of a table with a quoted name is replaced through a temporary one, twice: the second text shows the first rename
-- @strict
-- @@ a
create schema app;
create table app."Item" (id int primary key, output text default 'x');
create index "Item_output" on app."Item" (output);
-- @@ b client=psql1
alter table app."Item" add column output_temp jsonb not null default '{}';
alter table app."Item" drop column output;
alter table app."Item" rename column output_temp to output;
create index "Item_output" on app."Item" using gin (output);
-- @@ c
create table other (id int primary key);
-- @@ d client=script
alter table app."Item" add column output_temp text;
alter table app."Item" drop column output;
alter table app."Item" rename column output_temp to output;
-- @@ e
alter table app."Item" add column x int;
