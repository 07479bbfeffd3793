-- words of utilities as names of columns, tables, functions and labels
-- @@ a client=script
create table vacuum (id int primary key, prepare int, "execute" text, listen int default 1, checkpoint date, "do" int, call int, reindex int, lock text);
create type notify as enum ('load', 'copy', 'alter system', 'create role');
create function discard(deallocate int, cluster notify default 'load') returns int language sql as $$ select deallocate /* drop table vacuum; */ $$;
create view unlisten as select v.prepare as fetch_, v.call as move, 'set role x; copy y' as "reset" from vacuum as v;
-- @@ b
alter table vacuum add column "grant" notify not null default 'create role', add column security text;
comment on table vacuum is 'vacuum; load ''x''; create database y';
-- @@ c
alter table vacuum rename lock to share;
create index refresh on vacuum (listen, call) where prepare > 0;
-- @@ d
alter table vacuum add column import int;
