-- a column, a constraint and an index are written again by what leaves no row, behind their renames
-- @@ a
create table t (id int primary key, a int, b int, constraint t_b check (b > 0));
create table parent (x int);
-- @@ b
alter table t rename constraint t_b to t_b_positive;
alter table t rename column a to c;
-- @@ c
create table u (id int primary key);
-- @@ d
alter sequence if exists nothing restart;
vacuum full t;
comment on column t.c is 'its number';
comment on constraint t_b_positive on t is 'above';
-- @@ e
alter table u add column n int;
-- @@ f
alter table t add column d int;
