-- CLUSTER leaves no row when it moves its mark from one index to another, also in the session that makes them
-- @@ first
create table t (id int primary key, a int, b int);
create index t_a on t (a);
alter table t cluster on t_a;
create index t_b on t (b);
cluster t using t_b;
-- @@ second
alter table t rename to u;
alter table u set without cluster;
create index u_ab on u (a, b);
cluster u using u_ab;
-- @@ third
drop index u_ab;
cluster u using t_b;
-- @@ fourth
alter table u add column c int;
