-- what is older than the tracker goes with IF EXISTS: others on such columns tell what was there, and what never was
-- @strict
-- @noextra
-- @@ before setup
create table "Place" ("id" text primary key);
create table "Survey" ("id" text primary key, "name" text, "placeId" text not null, "pin" text);
alter table "Survey" add constraint "Survey_placeId_fkey"
  foreign key ("placeId") references "Place" ("id") on delete cascade on update cascade;
create index "Survey_placeId_idx" on "Survey" ("placeId");
-- @@ segment client=script
create table "Segment" ("id" text primary key, "placeId" text not null, "name" text);
create index "Segment_placeId_idx" on "Segment" ("placeId");
alter table "Segment" add constraint "Segment_placeId_fkey"
  foreign key ("placeId") references "Place" ("id") on delete cascade on update cascade;
-- @@ title
alter table "Survey" add column "title" text;
-- @@ ends client=script
drop index if exists "Survey_placeId_idx";
drop index if exists "Survey_placeId_name_idx";
drop index if exists "Segment_placeId_idx";
alter table "Survey" drop constraint if exists "Survey_placeId_fkey";
alter table "Survey" drop column if exists "placeId";
alter table "Segment" drop constraint if exists "Segment_placeId_fkey";
alter table "Segment" drop column if exists "placeId";
