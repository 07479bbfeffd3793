-- a sequence that a default needs, and a type of its name that comes behind it, goes, and comes again
-- @strict
-- @@ a
create sequence code;
create table labels (id int default nextval('code'));
-- @@ b
alter table labels add column n int;
-- @@ build
-- @@ c
create type code as enum ('a', 'b');
create table t (c code default 'a');
-- @@ d
alter table labels add column m int;
