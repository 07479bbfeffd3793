-- a text takes a foreign key of an older table away, which goes with that; all on columns of that name said RESTRICT
-- by then, and later texts make them say CASCADE
-- @strict
-- @@ older setup
create table "project" ("id" text not null, constraint "project_pkey" primary key ("id"));
create table "event" ("id" text not null, "projectId" text not null, constraint "event_pkey" primary key ("id"));
alter table "event" add constraint "event_projectId_fkey" foreign key ("projectId") references "project"("id") on delete restrict on update cascade;
create table "profile" ("id" text not null, "projectId" text not null, constraint "profile_pkey" primary key ("id"));
alter table "profile" add constraint "profile_projectId_fkey" foreign key ("projectId") references "project"("id") on delete restrict on update cascade;
-- @@ first client=script
create table "share" ("id" text not null, "projectId" text not null, constraint "share_pkey" primary key ("id"));
alter table "share" add constraint "share_projectId_fkey" foreign key ("projectId") references "project"("id") on delete restrict on update cascade;
-- @@ second client=script
alter table "event" add column "note" text;
-- @@ third client=script
alter table "event" drop constraint "event_projectId_fkey";
drop table "event";
-- @@ fourth client=script
alter table "share" drop constraint "share_projectId_fkey";
alter table "share" add constraint "share_projectId_fkey" foreign key ("projectId") references "project"("id") on delete cascade on update cascade;
