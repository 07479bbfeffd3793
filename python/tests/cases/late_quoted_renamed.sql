-- a quoted table older than the tracker is renamed, then another is made under its old name
-- @noextra
-- @after select count(*) = 0 from pggit_audit.changes where object_identity = 'public."Talk"' and change_type = 'DROP' and origin = 'v1'
-- @after select new_definition not like '%topic%' from pggit_audit.changes where object_identity = 'public."Talk"' and change_type = 'CREATE' and origin = 'inferred'
-- @@ before setup
create table "User" ("id" text primary key);
create table "Talk" ("id" text not null, "userId" text not null, "text" text not null default '', constraint "Talk_pkey" primary key ("id"));
create index "Talk_userId_idx" on "Talk" ("userId");
alter table "Talk" add constraint "Talk_userId_fkey" foreign key ("userId") references "User" ("id") on delete cascade;
-- @@ a client=script
alter table "User" add column "name" text;
-- @@ b client=script
alter table "Talk" rename to "Chat";
alter index "Talk_pkey" rename to "Chat_pkey";
alter index "Talk_userId_idx" rename to "Chat_userId_idx";
alter table "Chat" rename constraint "Talk_userId_fkey" to "Chat_userId_fkey";
-- @@ c client=script
create type "Kind" as enum ('open', 'closed');
create table "Talk" ("id" text not null, "topic" text not null, "kind" "Kind" not null default 'open', constraint "Talk_pkey" primary key ("id"));
-- @@ d client=script
alter table "Chat" add column "linkId" text;
-- @@ e client=script
alter table "Talk" add column "closedAt" timestamp(3);
