-- a column of a quoted table gets a name in a script, and its last one in code, under another name of its table
-- @strict
-- @@ a
create schema sch;
create table sch."aB" ("id" int primary key, "xY" text);
-- @@ b client=script
alter table "sch"."aB" rename to "cD";
alter table sch."cD" rename "xY" to "middle";
create view sch.v as select * from sch."cD";
-- @@ c
do $$ begin alter table sch."cD" add column "other" int; alter table sch."cD" rename column "middle" to "plain"; end $$;
-- @@ d client=script
drop view sch."v";
alter table sch."cD" set schema public;
create index on "cD" (plain);
-- @@ e
alter table "cD" drop column "other";
