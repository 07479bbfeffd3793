-- functions of one time are dropped together, by a migration that leaves no row: the transactions tell where
-- @strict
-- @@ a
create table t (id int primary key);
create function f1() returns int language sql as 'select 1';
create function f2() returns int language sql as 'select 2';
create function f3() returns int language sql as 'select 3';
create function f4() returns int language sql as 'select 4';
create function f5() returns int language sql as 'select 5';
-- @@ c
alter table t add column c int;
-- @@ d
alter table t add column d int;
-- @@ e
alter table t add column e int;
-- @@ f
alter table t add column f int;
-- @@ g
alter table t add column g int;
-- @@ h
alter table t add column h int;
-- @@ i
alter table t add column i int;
-- @@ j
alter table t add column j int;
-- @@ k
alter table t add column k int;
-- @@ l
drop function f1();
drop function f2();
drop function f3();
drop function f4();
drop function f5();
-- @@ m
alter table t add column m int;
-- @@ n
alter table t add column n int;
