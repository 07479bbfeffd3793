-- a text drops constraints of a quoted table that is older than the tracker, and nothing else tells what they were: they
-- are gone behind it
-- @noextra
-- @@ before setup
create table "Bot" ("id" int primary key);
create table "Talk" ("id" int primary key, "bot" int, "level" int, constraint "Talk_level_check" check ("level" > 0),
    constraint "Talk_bot_fkey" foreign key ("bot") references "Bot" on delete set null);
-- @@ first
alter table "Talk" drop constraint "Talk_bot_fkey";
-- @@ second author=bob
alter table "Talk" drop constraint "Talk_level_check", add column "more" text;
-- @@ third
alter table "Talk" add column "last" text;
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('unknown', 'static')
