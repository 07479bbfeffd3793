-- a check that is not valid, declared of a table and of its heirs each for itself; and below them
-- @strict
-- @@ a
create schema "Nv";
create table "Nv".base (id int, n int);
create table "Nv".heir (own int) inherits ("Nv".base);
create table "Nv".below () inherits ("Nv".heir);
create table lone (n int, id int, more text);
alter table lone inherit "Nv".base;
-- @@ b
alter table "Nv".heir add constraint "n > 0" check (n > 0) not valid;
alter table "Nv".base add constraint "n > 0" check (n > 0) not valid;
alter table lone add constraint "n > 0" check (n > 0) not valid;
-- @@ c
alter table "Nv".base add constraint low check (id > 0) not valid;
alter table "Nv".below add constraint low check (id > 0) not valid;
comment on constraint low on "Nv".below is 'both';
-- @@ build
-- @@ d
alter table "Nv".heir validate constraint "n > 0";
alter table "Nv".base add column late int;
-- @@ e
alter table "Nv".below no inherit "Nv".heir;
create view v as select * from lone;
