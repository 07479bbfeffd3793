-- foreign keys of older tables that texts take away have names that say both ends, as a widely used tool writes them;
-- what happens on delete, which is in no text, is as most others have it; nearly all say it
-- @strict
-- @@ older setup
create table "folder" ("id" text primary key, "folder_id" text);
create table "flow" ("id" text primary key, "folder_id" text, "owner_id" text not null);
create table "flow_owner" ("id" text primary key);
create table "part" ("id" text primary key, "flow_id" text not null, "folder_id" text);
create table "log" ("id" text primary key, "flow_id" text not null, "note_id" text);
alter table "flow" add constraint "flow_folder_id_folder_id_fk" foreign key ("folder_id") references "folder"("id") on delete set null on update no action;
alter table "part" add constraint "part_flow_id_flow_id_fk" foreign key ("flow_id") references "flow"("id") on delete cascade on update no action;
alter table "part" add constraint "part_folder_id_folder_id_fk" foreign key ("folder_id") references "folder"("id") on delete set null on update no action;
alter table "log" add constraint "log_flow_id_flow_id_fk" foreign key ("flow_id") references "flow"("id") on delete cascade on update no action;
-- @@ first
alter table "part" add column "kind" text;
-- @@ second
alter table "log" add column "kind" text;
-- @@ third
create table "note" ("id" text primary key, "log_id" text not null);
-- @@ fourth
alter table "note" add constraint "note_log_id_log_id_fk" foreign key ("log_id") references "log"("id") on delete cascade on update no action;
-- @@ fifth
alter table "part" drop constraint "part_folder_id_folder_id_fk";
-- @@ sixth
alter table "log" drop constraint if exists "log_flow_id_flow_id_fk";
