-- @strict
-- a view's column is renamed without a row, between others
-- @@ a
create table t (id int primary key, n int);
create view v as select id, n from t;
-- @@ b
alter table t add column a int;
-- @@ c
alter view v rename column n to number;
-- @@ d
alter table t add column b int;
-- @@ e
create view w as select id from t;
-- @@ f
alter table t add column c int;
-- @@ g
alter table t add column d int;
