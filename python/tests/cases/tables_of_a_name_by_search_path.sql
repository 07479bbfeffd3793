-- @strict
-- one script sets its search_path twice, and two tables have the same name
-- @@ a client=script
create schema one;
create schema two;
set search_path = one;
create table t (id int primary key, a int);
create index t_a on t (a);
set search_path = two;
create table t (id int primary key, b int);
create index t_b on t (b);
reset search_path;
create table t (id int);
-- @@ b client=script
begin;
set local search_path = two, one;
alter table t add column c int;
drop index t_a;
create index t_a on t (c);
commit;
-- @@ c client=script
alter table one.t add column z int;
-- @@ d client=script
alter table two.t add column z int;
