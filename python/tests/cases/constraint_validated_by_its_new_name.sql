-- a check is validated by its new name, a key is dropped by its new name; the table is then dropped
-- @@ a
create table t (id int, n int, constraint t_pk primary key (id));
alter table t add constraint t_n_pos check (n > 0) not valid;
-- @@ b
alter table t rename constraint t_n_pos to t_n_ok;
-- @@ c
alter table t add column x int;
-- @@ d
alter table t validate constraint t_n_ok;
-- @@ e
alter table t rename constraint t_pk to t_key;
alter table t add column y int;
-- @@ f
alter table t drop constraint t_key;
-- @@ g
drop table t;
create table last (id int);
