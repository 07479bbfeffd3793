-- columns of a quoted table that is older than the tracker are dropped: no row ever had them, the catalog still has
-- their places, lengths and alignments, and the ids of transactions say when they went
-- @strict
-- @@ before setup
create table "Pet" (id integer primary key, "isHappy" boolean, "name" text, "tag" uuid, "born" date, "noise" text);
create table "Toy" (id integer primary key, "isSafe" boolean, "since" date);
-- @@ first
alter table "Pet" add column "age" integer;
-- @@ second
alter table "Pet" drop column "isHappy";
-- @@ third
alter table "Pet" add column "weight" bigint;
alter table "Toy" add column "price" bigint;
-- @@ fourth
alter table "Pet" drop column "tag", drop column "weight";
-- @@ fifth
create index on "Pet" ("noise");
-- @@ sixth
alter table "Pet" drop column "noise", drop column if exists "weight";
alter table "Pet" add column "isHappy" text;
-- @@ last
alter table "Pet" drop column "isHappy";
