-- a type, a domain, a sequence and a procedure are there, go, and are made anew, and no row says so
-- @@ a
create table t (id int primary key);
-- @@ b
create type mood as enum ('sad', 'ok');
create domain posint as int check (value > 0);
create sequence ticket;
create procedure tidy() language sql as 'select 1';
create type pair as (a int, b int);
-- @@ c
alter table t add column n int;
-- @@ d
drop type mood;
create type mood as enum ('low', 'high');
drop domain posint;
create domain posint as int check (value > 1);
drop sequence ticket;
create sequence ticket increment 5;
drop procedure tidy();
create procedure tidy() language sql as 'select 2';
drop type pair;
create type pair as (a int, c int);
-- @@ e
alter table t add column m int;
