-- @strict
-- the text sets its schema: SET, SET LOCAL and set_config until the transaction ends, RESET; the same names in two of them
-- @@ a client=script
create schema one; create schema two;
set search_path = one;
create table t (id int primary key, v text);
create function f() returns int language sql as 'select 1';
set search_path to two, public;
create table t (id int primary key, w text);
create index on t (w);
-- @@ b client=script
begin;
set local search_path = one;
alter table t add column x int default f();
create view tv as select * from t;
commit;
create table in_public (id int);
-- @@ c client=script
select set_config('search_path', 'two', false);
alter table t rename w to v;
alter index t_w_idx rename to t_v_idx;
create view tv as select v from t;
-- @@ d client=script
set schema 'one';
create type mood as enum ('a');
create table moods (m mood);
reset search_path;
create table moods (m one.mood);
-- @@ e client=script
alter table one.t add column y int;
alter table two.t add column y int;
-- @@ g client=script
set search_path = two;
begin; select set_config('search_path', 'one', true); create table f2 (id int); commit;
create table f3 (id int);
begin; set local search_path = one; create view f4 as select id from f2; end; create view f5 as select id from f3;
