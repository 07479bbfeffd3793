-- the schema that is live is dropped, or renamed away for good, and the next one takes its name, each statement by itself
-- @@ a
create schema live; create schema next;
create table live.item (id int primary key, n text);
create view live.names as select n from live.item;
create table next.item (id bigint primary key, n text, extra int);
-- @@ b
drop schema live cascade;
alter schema next rename to live;
alter table live.item add column more text;
-- @@ c
create schema next;
create table next.item (id bigint primary key, n text);
create function next.f() returns int language sql as 'select 1';
-- @@ d client=psql1
alter schema live rename to archive_1;
alter schema next rename to live;
alter table live.item add column last int;
-- @@ e
create view live.names as select id from live.item;
create table archive_1.mark (id int);
-- @@ f
drop schema archive_1 cascade;
alter table live.item add column z int;
