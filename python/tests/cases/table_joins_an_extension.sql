-- a table joins an extension, and is altered while it is a member
-- @server 15
-- @@ a
create extension unaccent;
create table t (id int primary key, n text);
create table o (id int primary key);
-- @@ b
alter extension unaccent add table t;
-- @@ c
alter table t add column y int;
create index t_n on t (n);
alter table o add column m int;
-- @@ build
-- @@ d
alter extension unaccent drop table t;
-- @@ e
alter table t add column z int;
alter table o add column m2 int;
