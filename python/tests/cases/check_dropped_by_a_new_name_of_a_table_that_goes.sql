-- a check renamed without a row, validated by its new name, on a table that goes
-- @@ a
create table t (id int primary key, n int, constraint n_pos check (n > 0) no inherit);
-- @@ b
alter table t rename constraint n_pos to n_is_positive;
-- @@ c
alter table t add column x int;
-- @@ d
alter table t drop constraint n_is_positive;
-- @@ e
alter table t add column y int;
-- @@ f
drop table t;
-- @@ g
create table last (id int);
