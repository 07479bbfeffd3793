-- @strict
-- a text that commits in the middle, as an ORM replaces an enum, and fails at an ALTER behind it: nothing after that ran
-- @@ a client=script
create type "Kind" as enum ('web', 'link');
create type "Role" as enum ('one', 'two');
create table "Survey" (id text primary key, kind "Kind" not null default 'web');
create table "Display" (id text primary key, "responseId" text, role "Role");
create unique index "Display_responseId_key" on "Display" ("responseId");
-- @@ b client=script expect_error
begin;
create type "Kind_new" as enum ('link');
alter table "Survey" alter column kind drop default;
alter table "Survey" alter column kind type "Kind_new" using (kind::text::"Kind_new");
alter type "Kind" rename to "Kind_old";
alter type "Kind_new" rename to "Kind";
drop type "Kind_old";
alter table "Survey" alter column kind set default 'link';
commit;
alter table "Document" drop constraint "Document_environmentId_fkey";
drop index "Display_responseId_key";
alter table "Display" drop column "responseId", drop column role;
drop type "Role";
-- @@ c client=script
alter table "Survey" add column pin text;
alter table "Display" add column status text;
