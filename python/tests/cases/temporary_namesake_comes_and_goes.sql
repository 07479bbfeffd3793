-- @strict
-- a temporary table of a lasting one's name comes and goes in the middle of a script, twice; an index and a view in between
-- @@ a
create table acc (id int primary key, bal numeric);
create index acc_bal on acc (bal);
-- @@ b client=script
create temporary table acc as select 1 as k;
create index acc_k on acc (k);
alter table acc add column t text;
drop table acc;
alter table acc add column note text;
create temp table acc (id int);
alter table public.acc add column note2 text;
drop table pg_temp.acc;
create view acc_v as select note, note2 from acc;
-- @@ c client=script
create temp view acc_v as select 1 as one;
create table from_temp (n int default 5, like acc);
drop view acc_v;
create or replace view acc_v as select note, note2, bal from acc;
-- @@ d
alter table acc add column w int;
drop view acc_v;
