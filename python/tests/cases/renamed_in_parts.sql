-- @strict
-- names that are given on without a row: the column of a view, and the schema of a table whose key goes
-- @@ first
create schema two;
create table a (id int primary key, name text);
create table two.c (a int references a, n int);
create table two.d (n int);
create view wolves as select id, name from a;
-- @@ second client=script
drop table a cascade;
create table a (id bigint, name text);
create view wolves as select id, name from a;
-- @@ third
alter table wolves rename column name to title;
alter table wolves alter column title set default 'x';
-- @@ fourth client=script
alter table two.d add column m int;
alter schema two rename to three;
create table three.g (id int);
