-- all kinds moved to another schema by texts and by a renamed schema, then made again
-- @@ a
create schema a;
create type a.e as enum ('x');
create domain a.d as int check (value > 0);
create sequence a.s;
create table a.t (id int primary key default nextval('a.s'), e a.e, d a.d);
create view a.v as select id, e from a.t;
create materialized view a.m as select id from a.t;
create function a.f(a.e) returns a.d language sql as 'select 1::a.d';
-- @@ b
create schema b;
alter table a.t set schema b;
alter type a.e set schema b;
alter materialized view a.m set schema b;
-- @@ c
alter schema a rename to c;
alter table b.t add column n int default 1;
-- @@ d
alter function c.f(b.e) set schema b;
alter view c.v rename to w;
create schema a create table t (id int);
-- @@ e
drop schema c cascade;
alter table b.t add column z int;
