-- a materialized view is made beside another one, with indexes, and takes its name without a row, twice over, each in a transaction
-- @after select count(*) = 2 from pggit_audit.changes where object_type = 'MATERIALIZED_VIEW' and object_name = 'x_mv_tmp' and change_type = 'DROP'
-- @after select count(*) = 0 from pggit_audit.changes where origin = 'inferred' and object_type = 'INDEX' and change_type = 'CREATE'
-- @@ a client=psql1
create table t (id int primary key, n text);
create materialized view x_mv as select id, n from t;
create unique index idx_x_mv_id on x_mv (id);
create index idx_x_mv_n on x_mv (n);
-- @@ b client=psql1
create materialized view x_mv_tmp as select id, n, upper(n) as big from t;
create unique index idx_x_mv_tmp_id_1 on x_mv_tmp (id);
create index idx_x_mv_tmp_n_1 on x_mv_tmp (n);
create index idx_x_mv_tmp_big on x_mv_tmp (big);
drop materialized view x_mv;
alter materialized view x_mv_tmp rename to x_mv;
alter index idx_x_mv_tmp_id_1 rename to idx_x_mv_id;
-- @@ c client=psql1
create view v as select * from x_mv;
-- @@ d client=psql1
create materialized view x_mv_tmp as select id, lower(n) as n, upper(n) as big from t;
create unique index idx_x_mv_tmp_id_2 on x_mv_tmp (id);
create index idx_x_mv_tmp_n_2 on x_mv_tmp (n);
create or replace view v as select * from x_mv_tmp;
drop materialized view x_mv;
alter materialized view x_mv_tmp rename to x_mv;
-- @@ e
alter table t add column z int;
