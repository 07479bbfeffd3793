-- older tables, gone by the end: ADD COLUMN IF NOT EXISTS found a column that is not the last one
-- @strict
-- @@ before setup
create table clubs (id int, name text not null, kind text, founded date);
create table halls (id int, name text not null, kind text);
-- @@ kinds
alter table clubs add column if not exists kind text;
-- @@ halls
alter table halls add column if not exists seats int;
-- @@ another
alter table clubs add column if not exists town text;
-- @@ gone
drop table clubs;
drop table halls;
