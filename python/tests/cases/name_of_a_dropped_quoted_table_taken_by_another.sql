-- a table with a quoted name is dropped, which leaves no row, and another takes its name: the columns of the one are not
-- those of the other under later names; labels come at their moments, wherever in the order of the enum
-- @strict
-- @@ first
create type "Kind" as enum ('a', 'b');
create table "user" ("id" text primary key, "token" text not null, "isRegistered" boolean not null default false,
    "canCreate" boolean not null default false, "kind" "Kind");
create table "other" ("id" text primary key, "kind" "Kind");
-- @@ second author=bob
alter table "user" add column "canDelete" boolean not null default false;
-- @@ third client=script
alter type "Kind" add value 'c';
alter table "other" add column "label" text;
-- @@ fourth author=bob client=script
alter type "Kind" add value 'between' before 'c';
create table user_temp ("id" text primary key, "firstName" text not null, "isVerified" boolean not null default false,
    "banned" boolean not null default false, "kind" "Kind", "twoFactor" boolean not null default false);
-- @@ fifth client=psql1
drop table "user" cascade;
alter table user_temp add column "role" text;
-- @@ sixth client=psql1
alter table user_temp rename to "user";
alter table "user" add column "lastName" text;
-- @@ seventh author=bob client=script
alter type "Kind" add value 'last';
alter table "other" add column "more" text;
