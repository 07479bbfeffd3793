-- a literal that reads the clock is worked out once, when the statement runs
-- @@ a
create table t (id int primary key, d date default 'today', at timestamptz default 'now', ts timestamp default 'now()'::timestamp, w text default 'now');
create table "T" (id int primary key, d date default 'today'::date);
create view v as select id from t where d > 'yesterday'::date;
-- @@ b
alter table t add constraint recent check (d > 'yesterday');
create index t_d on t (d) where d > date 'today';
alter table t alter column d set default 'tomorrow';
-- @@ c
alter table "T" add column n int;
drop table t cascade;
-- @@ d
drop table "T";
create table t2 (id int);
create view v2 as select id from t2 where current_date > timestamp 'now' and 'yesterday'::date > '2020-01-01';
-- @@ e
create view "V3" as select 'today'::date as today, date 'tomorrow' as tomorrow from t2;
-- @after select bool_and(fidelity = 'repaired' and new_definition like '%2021-01-16%') from pggit_audit.changes where object_identity = 'public."V3"' and origin = 'v1'
