-- a typed table that is older than the tracker leaves no row: its definition has no list of columns
-- @@ before setup
create type pair as (a integer, b text);
create table "Typed" of pair;
create table plain (id integer primary key, gone text);
-- @@ first
alter table plain add column born date;
-- @@ second
alter table plain drop column gone;
