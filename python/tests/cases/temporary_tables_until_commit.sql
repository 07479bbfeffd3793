-- temporary tables that go with their transaction hide lasting ones until then
-- @strict
-- @@ a
create table items (id int primary key, name text);
create table log (id int);
-- @@ b client=script
create temporary table items on commit drop as select 1 as id, 'x'::text as name, 2 as extra;
alter table items add column more int;
create index items_by_name on items (name);
drop table items;
alter table items add column really int;
create index items_by_name on items (name);
-- @@ c client=script
begin;
create temp table log (id int, t text) on commit drop;
create index log_t on log (t);
commit;
alter table log add column at timestamptz;
create index log_at on log (at);
-- @@ d client=script
do $$ begin create temp table found on commit drop as select 1 as n, 'a'::text as label; end $$;
create table kept as select n, label from found;
do $$ begin alter table found add column x int; alter table kept add column y int; end $$;
alter table kept add column z int;
