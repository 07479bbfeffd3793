-- a sequence and a type get their names later, twice
-- @@ a
create table t (id int primary key);
create sequence one;
create type mood as enum ('sad', 'ok');
create domain d as int;
create procedure p() language sql as 'select 1';
create materialized view mv as select id from t;
-- @@ b
alter sequence one rename to two;
alter type mood rename to feeling;
alter domain d rename to e;
alter procedure p() rename to q;
alter materialized view mv rename to mw;
-- @@ c
alter table t add column n int;
-- @@ d
alter sequence two rename to three;
alter type feeling rename to sense;
alter domain e rename to f;
alter procedure q() rename to r;
alter materialized view mw rename to mx;
-- @@ e
alter table t add column m int;
