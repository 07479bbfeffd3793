-- what is dropped is there again behind a build, by statements of its session that leave no row
-- @@ first
create schema s;
create table s.p (id int primary key);
create table t (id int primary key, n int);
create view v as select id from s.p;
-- @@ build
-- @@ second author=bob
drop schema s cascade;
create schema s;
drop table t;
create table t as select 1 as id;
-- @@ build
-- @@ third
create table s.p (id int, n int);
alter table t add column m int;
-- @@ fourth
drop table s.p;
create table s.p as select 1 as id, 2 as n;
-- @@ build
-- @@ fifth
alter table s.p add column m int;
