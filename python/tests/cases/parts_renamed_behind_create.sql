-- the client goes on behind a CREATE TABLE, in its transaction or not: constraints and sequences get other names, without
-- a row; no later record confirms those that they had
-- @@ a
create table t (id int primary key, a text, constraint ck check (a <> ''));
alter table t rename constraint ck to ck2;
-- @@ b
create index t_a on t (a);
create view v as select id, a from t;
alter table t rename column a to b;
-- @@ c client=psql1
create table w (id int references t, s serial);
alter table w rename column s to "S";
alter table w rename constraint w_id_fkey to w_t;
alter sequence w_s_seq rename to w_seq;
-- @@ d
create view vw as select "S" from w;
alter table w rename column "S" to s2;
-- @@ e
alter table w add column e int;
-- @@ f
alter table t add column last int;
