-- a partition is detached and attached to another parent of another schema
-- @@ a client=script
create schema old;
create table ev (id int, y int, r text) partition by range (y);
create table old.ev (id int, y int, r text) partition by range (y);
create table ev_20 partition of ev for values from (20) to (21) partition by list (r);
create table ev_20_eu partition of ev_20 for values in ('eu', null);
create index ev_r on ev (r);
-- @@ b client=script
alter table ev detach partition ev_20;
alter table ev_20 set schema old;
alter table old.ev attach partition old.ev_20 for values from (20) to (21);
-- @@ c client=script
alter table old.ev add column late int;
-- @@ d client=script
alter table ev add column late2 int;
