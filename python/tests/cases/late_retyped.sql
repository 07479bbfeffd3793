-- Columns of tables that are older than the tracker, to which texts give another type: an enum that the text makes itself, so
-- that they had it not; another precision, which one table of the history had from its text on, and all had before
-- @strict
-- @@ older setup
create table "Link" ("id" integer primary key, "hostKind" text not null, "note" text);
create table visitor (id integer primary key, made_at timestamptz(6) not null, seen_at timestamptz(6));
create table page (id integer primary key, made_at timestamptz(6) not null, words integer);
create table draft (id integer primary key, made_at timestamptz(6) not null, words integer);
-- @@ a client=script
create table login (id integer primary key, made_at timestamptz(6) not null, visitor integer references visitor (id));
alter table "Link" drop column "note";
alter table draft drop column words;
alter table page drop column words;
-- @@ b client=script
create type "HostKind" as enum ('here', 'there');
alter table "Link" alter column "hostKind" type "HostKind" using "hostKind"::text::"HostKind";
-- @@ c client=script
alter table visitor alter column made_at type timestamp(3), alter column seen_at set data type timestamp(3);
alter table page alter column made_at type timestamp(3);
alter table login alter column made_at type timestamp(3);
drop table draft;
