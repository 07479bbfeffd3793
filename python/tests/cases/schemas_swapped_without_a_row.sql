-- blue and green schemas change their names, each statement by itself: the oids of the rows behind say it
-- @@ a
create schema live; create schema next;
create table live.item (id int primary key, n text);
create table next.item (id bigint primary key, n text, extra int);
create view live.names as select n from live.item;
create function live.one() returns int language sql as 'select 1';
create function next.one() returns bigint language sql as 'select 1::bigint';
-- @@ b client=psql1
alter schema live rename to tmp;
alter schema next rename to live;
alter schema tmp rename to next;
create table marker (id int);
-- @@ c
alter table live.item add column more text;
drop view next.names;
alter table next.item add column older text;
-- @@ d
create view live.names as select n, extra from live.item;
drop schema next cascade;
alter table live.item drop column n cascade;
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('static', 'unknown')
