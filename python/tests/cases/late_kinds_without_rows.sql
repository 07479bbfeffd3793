-- @strict
-- kinds that leave no row, older than the tracker, are there from the first row on
-- @@ a setup client=script
create table t (id int primary key, n int);
create procedure make(n text) language plpgsql as $f$ begin execute format('create table %I (id int primary key, v text)', n); end $f$;
create materialized view m as select id from t;
create index m_id on m (id);
create sequence sq;
create type e as enum ('a');
create aggregate tally(int) (sfunc = int4pl, stype = int, initcond = '0');
create rule r as on delete to t do instead nothing;
create statistics st (dependencies) on id, n from t;
create collation c (provider = libc, locale = 'C');
create view v as select id from t;
create text search configuration ts (copy = simple);
-- @@ b
alter table t add column a int;
-- @@ c
alter table t add column b int;
-- @@ d
call make('one');
-- @@ e
alter table t add column c int;
