-- what leaves no row goes to another schema and back
-- @@ a
create table t (id int primary key);
create schema other;
create sequence s;
create type mood as enum ('sad', 'ok');
create procedure p() language sql as 'select 1';
-- @@ b
alter sequence s set schema other;
alter type mood set schema other;
alter procedure p() set schema other;
-- @@ c
alter table t add column n int;
-- @@ d
alter sequence other.s set schema public;
alter type other.mood set schema public;
alter procedure other.p() set schema public;
-- @@ e
alter table t add column m int;
