-- one text sent again and again in one transaction
-- @strict
-- @@ a
create table log (id int, n int) partition by list (n);
create function add_part() returns int language plpgsql as $$
declare i int;
begin
  select count(*) into i from pg_inherits where inhparent = 'log'::regclass;
  execute format('create table log_%s partition of log for values in (%s)', i, i);
  execute format('alter table log_%s add constraint c_%s check (id > %s)', i, i, i);
  return i;
end $$;
-- @@ b client=psql1
select add_part();
select add_part();
select add_part();
-- @@ c
alter table log add column v text;
-- @@ d
select add_part();
select add_part();
-- @@ e
alter table log add column w text;
-- @@ f client=psql1
drop table if exists stage;
create table stage (id int primary key);
drop table if exists stage;
create table stage (id int primary key);
-- @@ g
alter table stage add column v text;
-- @@ h client=psql1
create or replace function one() returns int language sql as 'select 1';
create or replace function one() returns int language sql as 'select 1';
create or replace view v as select id from stage;
create or replace view v as select id from stage;
-- @@ i
-- @after select count(*) = 2 from pggit_audit.changes where object_identity like 'public.one%' and fidelity = 'exact'
alter table stage add column z text;
