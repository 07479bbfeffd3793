-- @strict
-- columns of a quoted table take one another's names without a row, and one of them goes; or both stay; or one gives its name on
-- @@ a client=script
create schema "My App";
create table "My App"."Thing" (id int primary key, "From" text, "To" text, kind varchar(5));
create table "Pair" (id int primary key, "Left" int, "Right" int, kind text);
create table "Chain" (id int primary key, "A" text, "B" text);
create table plain (id int primary key, a text, b text);
-- @@ b
do $$ begin
  alter table "My App"."Thing" rename column "From" to "tmp";
  alter table "My App"."Thing" rename column "To" to "From";
  alter table "My App"."Thing" rename column "tmp" to "To";
end $$;
create table beside (id int);
-- @@ c
alter table "My App"."Thing" add column x int;
-- @@ d client=psql1
alter table "Pair" rename column "Left" to "x"; alter table "Pair" rename column "Right" to "Left"; alter table "Pair" rename column "x" to "Right";
alter table "Chain" rename column "B" to "C"; alter table "Chain" rename column "A" to "B";
alter table plain rename column a to x; alter table plain rename column b to a; alter table plain rename column x to b;
create table beside2 (id int);
-- @@ e
create index "Thing_From" on "My App"."Thing" ("From");
alter table "My App"."Thing" drop column "To", add column "To" int;
-- @@ f
alter table "My App"."Thing" add column y int;
create index "Pair_Left" on "Pair" ("Left");
create view v as select "B" from "Chain";
