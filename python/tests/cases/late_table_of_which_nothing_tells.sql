-- tables that are older than the tracker, have nothing that a query would not make, and leave no row before a text reads them
-- @strict
-- @@ before setup
create table reading (id bigint, value numeric);
create table "Log" (msg text);
comment on table "Log" is 'of the first days';
-- @@ first
create table station (id bigint primary key);
-- @@ second
create view seen as select id from reading;
-- @@ third
alter table station add column name text;
-- @@ build
-- @@ fourth
alter table "Log" add column at date;
