-- blue/green through schemas: the new tables in a schema of their own, then the schemas change names
-- @strict
-- @@ a client=script
create schema live;
create table live.acc (id int primary key, n int);
create view live.v as select id from live.acc;
create function live.f() returns bigint language sql as 'select count(*) from live.acc';
-- @@ b client=script
create schema next;
create table next.acc (id bigint primary key, n int, extra text);
create index acc_n on next.acc (n);
create view next.v as select id, extra from next.acc;
-- @@ c client=script
alter schema live rename to old;
alter schema next rename to live;
alter table live.acc add column z int;
-- @@ d client=script
drop schema old cascade;
create table live.b (id int references live.acc);
-- @@ e client=script
create schema next;
create table next.acc (like live.acc including all);
alter schema live rename to old; alter schema next rename to live; alter schema old rename to next;
alter table live.acc add column y int;
