-- Tables that are older than the tracker and gone in the end: no text names their keys. All that live, and begin with such a
-- column, or have a sequence count it, have their keys of that
-- @strict
-- @@ older setup
create table person (id integer primary key, name text not null);
create table place (id integer primary key, name text not null);
create table plan (code text not null, id serial primary key);
create table part (code text not null, weight integer, id serial primary key);
create table blob (hash text not null, bytes bytea not null, id serial primary key);
create table note (id integer primary key, body text not null);
create table rail (id integer primary key, width integer);
alter table rail rename to track;
-- @@ a client=script
alter table plan add column gone_at timestamptz;
alter table blob add column gone_at timestamptz;
alter table note add column gone_at timestamptz;
create table step (at integer, id serial primary key);
-- @@ b client=script
alter table part add column gone_at timestamptz;
alter table track add column gone_at timestamptz;
-- @@ c client=script
drop table blob;
drop table note;
