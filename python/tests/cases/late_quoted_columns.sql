-- a late tracker, quoted tables (of which v1 records no columns): what the texts did to a column was otherwise before;
-- a name that one column gave up and another took; columns called as a word that stands before other names than types
-- @strict
-- @after select not exists (select from pggit_audit.changes where new_definition like '%Stub:%' or fidelity in ('static', 'unknown'))
-- @@ older setup
create type "Role" as enum ('owner', 'member');
create type "Language" as enum ('de', 'en');
create type "Unused" as enum ('a', 'b');
create table "User" ("id" text primary key, "name" text, "role" "Role", "language" "Language" not null, "email" text not null, "seen" timestamp(3) not null, "plan" text not null);
create unique index "User_email_key" on "User" ("email");
create table "Invite" ("id" text primary key, "role" "Role" not null, "userId" text not null references "User" ("id"));
-- @@ a client=script
alter table "User" alter column "name" set not null;
alter table "User" alter column "seen" set default current_timestamp;
-- @@ b client=script
create type "OrgRole" as enum ('admin', 'guest');
alter table "Invite" rename column "role" to "oldRole";
alter table "Invite" alter column "oldRole" drop not null;
alter table "Invite" add column "role" "OrgRole" not null default 'guest';
-- @@ c client=script
alter table "User" alter column "plan" drop not null, alter column "plan" set default 'free';
-- @@ d client=script
alter table "User" add column "active" boolean not null default true;
