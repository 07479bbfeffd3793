-- a late tracker, quoted tables (of which v1 records no columns): what the texts did to a column was otherwise before;
-- a name that one column, or one table with its key, gave up and another took; columns called as a word that stands before other names than types
-- @strict
-- @after select not exists (select from pggit_audit.changes where new_definition like '%Stub:%' or fidelity in ('static', 'unknown'))
-- @@ older setup
create type "Role" as enum ('owner', 'member');
create type "Language" as enum ('de', 'en');
create type "Unused" as enum ('a', 'b');
create table "User" ("id" text primary key, "name" text, "role" "Role", "language" "Language" not null, "email" text not null, "seen" timestamp(3) not null, "plan" text not null);
create unique index "User_email_key" on "User" ("email");
create table "Invite" ("id" text primary key, "role" "Role" not null, "userId" text not null references "User" ("id"));
create table "Team" ("id" text not null, constraint "Team_pkey" primary key ("id"));
create table "Member" ("id" text primary key, "teamId" text not null);
create index "Member_teamId_idx" on "Member" ("teamId");
alter table "Member" add constraint "Member_teamId_fkey" foreign key ("teamId") references "Team" ("id") on delete cascade;
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
-- @@ e client=script
alter table "Team" rename to "Organization";
alter table "Organization" rename constraint "Team_pkey" to "Organization_pkey";
alter table "Member" rename column "teamId" to "organizationId";
alter table "Member" rename constraint "Member_teamId_fkey" to "Member_organizationId_fkey";
alter index "Member_teamId_idx" rename to "Member_organizationId_idx";
-- @@ f client=script
create table "Team" ("id" text not null, "name" text, constraint "Team_pkey" primary key ("id"));
create index "Team_name_idx" on "Team" ("name");
