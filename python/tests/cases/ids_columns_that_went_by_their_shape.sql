-- columns of a quoted table that is older than the tracker go: their catalog keeps the shape of their types (arrays,
-- modifiers, collations); a default is as others of the name have it; who asks whether one is null knows that it may be;
-- and what an expression reads as an array was one
-- @strict
-- @@ before setup
create table "Shelf" ("id" int not null, "made" timestamp(3) not null default current_timestamp, "size" int not null);
create table "Page" ("id" int not null, "tags" text[], "fee" numeric(8,2), "made" timestamp(3) not null default current_timestamp,
    "note" varchar(40), "more" jsonb, "seen" int, "rank" int not null, "lists" jsonb[], "level" int not null);
-- @@ first
create index "Page_seen_idx" on "Page" ("seen") where "seen" is not null;
-- @@ second author=bob
alter table "Page" add column "title" text;
-- @@ third
alter table "Page" drop column "tags", drop column "fee";
-- @@ fourth author=bob
alter table "Page" drop column "made";
-- @@ fifth client=script
alter table "Page" alter column "lists" type jsonb using array_to_json("lists");
alter table "Page" drop column "note", drop column "more", drop column "seen";
alter table "Shelf" add column "name" text;
