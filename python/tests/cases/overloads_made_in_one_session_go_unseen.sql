-- routines of a name that one session makes are all there, also where they go later without a row
-- @strict
-- @@ a
create function f(a int) returns int language sql as 'select a';
create function f(a text) returns text language sql as 'select a';
create table t (id int primary key);
-- @@ b
alter table t add column x int;
-- @@ c
drop routine f(text), f(int);
-- @@ d
alter table t add column y int;
