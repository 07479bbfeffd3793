-- a late tracker, quoted tables (of which v1 records no columns), and some of them gone by the end: what a foreign key
-- refers to, and what a text drops or renames as a table, is a table; an index that is renamed is none; and what goes
-- on from a lost one is not exact
-- @after select not exists (select from pggit_audit.changes where object_type = 'MATERIALIZED_VIEW')
-- @after select count(*) = 0 from pggit_audit.changes where fidelity = 'exact' and (object_name = 'Contact' and change_type = 'ALTER' or new_definition like '%Stub:%')
-- @after select count(*) = 2 from pggit_audit.changes where object_identity = 'public."Survey"' and v1_version_id is not null and new_definition like '%FOREIGN KEY%'
-- @@ older setup
create table "Environment" ("id" uuid primary key, "name" text not null);
create table "Person" ("id" text primary key, "environmentId" uuid not null references "Environment" ("id"));
create unique index "Person_environmentId_key" on "Person" ("environmentId");
create table "Action" ("id" text primary key, "personId" text not null, "at" timestamp(3) not null);
create index "Action_personId_idx" on "Action" ("personId");
-- @@ a client=script
create table "Survey" ("id" text not null, "environmentId" uuid not null, constraint "Survey_pkey" primary key ("id"));
create index "Action_at_idx" on "Action" ("at");
alter table "Survey" add constraint "Survey_environmentId_fkey" foreign key ("environmentId") references "Environment" ("id") on delete cascade;
-- @@ b client=script
alter table "Person" rename to "Contact";
alter index "Person_environmentId_key" rename to "Contact_environmentId_key";
alter table "Survey" add column "contactId" text;
-- @@ c client=script
drop table "Action";
alter table "Survey" drop constraint "Survey_environmentId_fkey";
alter table "Contact" drop constraint "Person_environmentId_fkey";
drop table "Environment";
alter table "Survey" drop column "contactId";
drop table "Contact";
-- @@ d
create table other (id int primary key);
-- @@ e
alter table "Survey" add column "x" int;
