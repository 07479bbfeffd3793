-- a quoted column renamed without a row, which later texts give other names, in code the last
-- @strict
-- @@ a
create table "tA" (id int primary key, "aB" text, "cD" text);
-- @@ b
alter table "tA" rename column "aB" to "xY";
-- @@ c
alter table "tA" drop column "cD";
create index on "tA" ("xY");
-- @@ d client=script
alter table "tA" rename column "xY" to "zZ";
alter table "tA" add column "mM" int;
-- @@ e
do $$ begin alter table "tA" rename to "tB"; alter table "tB" rename column "zZ" to "zLast"; execute 'alter table "tB" add column "last" int'; end $$;
