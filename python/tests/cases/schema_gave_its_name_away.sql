-- a schema takes the name of another, which took a third one; no text says it, the oids do
-- @@ a
create schema live; create schema next;
create table live.item (id int primary key, n text);
create table next.item (id bigint primary key, n text, extra int);
create function next.one() returns bigint language sql as 'select 1::bigint';
-- @@ b
alter schema live rename to old;
alter schema next rename to live;
alter table live.item add column more text;
-- @@ c
create index item_n on live.item (n);
alter table old.item add column z int;
-- @@ build
-- @@ d
drop schema old cascade;
create view live.v as select id, more from live.item;
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('static', 'unknown')
