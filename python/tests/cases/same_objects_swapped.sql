-- @strict
-- what is the same but for its name swaps names with what it replaces, of every kind
-- @@ a client=script
create table t (id int primary key, v text); create index t_v on t (v); create sequence s; create view w as select 1 as a; create type ty as enum ('x'); create function f() returns int language sql as 'select 1';
create table t_new (id int primary key, v text); create index t_new_v on t_new (v); create sequence s_new; create view w_new as select 1 as a; create type ty_new as enum ('x'); create function f_new() returns int language sql as 'select 1';
-- @@ b client=script
alter table t rename to t_old; alter table t_new rename to t; alter index t_v rename to t_old_v; alter index t_new_v rename to t_v;
-- @@ c client=script
alter sequence s rename to s_old; alter sequence s_new rename to s; alter view w rename to w_old; alter view w_new rename to w; alter type ty rename to ty_old; alter type ty_new rename to ty; create table m1 (id int);
-- @@ build
-- @@ d client=script
alter function f() rename to f_old; alter function f_new() rename to f; alter table t rename constraint t_new_pkey to t_pkey2;
-- @@ e client=script
drop table t_old; drop sequence s_old; drop view w_old; drop type ty_old; drop function f_old(); alter table t add column z int;
