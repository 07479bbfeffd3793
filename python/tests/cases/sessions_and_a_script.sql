-- a script that takes its time, beside another session
-- @strict
-- @clock
-- @@ a
create table users (id int primary key, name text);
create schema app;
create table app.first (id int);
-- @@ b client=sessions
-- > alice script
create table s1 (id int primary key);
create function s1_f() returns int language sql as 'select 1';
select pg_sleep(1);
alter table s1 add column v text;
create index s1_v on s1 (v);
create view s1_w as select id, v from s1;
-- > bob
create table b5 (id int primary key, note text);
alter table users add column email text;
-- @@ c
alter table s1 add column w text;
-- @@ d client=sessions
-- > alice script
do $$ begin
create table t1 (id int primary key);
alter table t1 add column a int;
perform pg_sleep(1);
alter table t1 add column b int;
create index t1_b on t1 (b);
end $$;
-- > bob
drop table b5;
create table b6 (id int primary key, note text);
-- @@ e
alter table t1 drop column a;
-- @@ f client=sessions
-- > alice
set search_path = app, public;
create table p1 (id int primary key, kind text);
-- > bob
create table p2 (id int primary key, kind text);
-- > alice
create view pv as select id, kind from p1;
create index p1_kind on p1 (kind);
-- > bob
alter table p2 add column note text;
create index p2_kind on p2 (kind);
-- > alice
alter table p1 add column note text;
create type mood as enum ('a', 'b');
alter table p1 add column m mood;
-- > alice2
create table p3 (id int primary key);
-- > alice
create table p4 (id int primary key, m mood);
-- > alice2
alter table p3 add column note text;
-- @@ g
alter table app.p4 add column note text;
-- @events public.s1 = CREATE ALTER ALTER
-- @events public.t1 = CREATE ALTER ALTER ALTER
