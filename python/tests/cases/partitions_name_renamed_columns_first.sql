-- partitions name columns as their parent calls them since renames that left no row
-- @strict
-- @@ a
create table m (id int not null, at date not null, kind text, v int) partition by range (at);
create table m1 partition of m for values from ('2024-01-01') to ('2025-01-01');
create table m2 (id int not null, at date not null, kind text, v int);
alter table m attach partition m2 for values from ('2025-01-01') to ('2026-01-01');
-- @@ b
alter table m rename column kind to sort;
-- @@ c
create index m1_sort on m1 (sort);
-- @@ d
alter table m rename column v to vv;
alter table m2 add constraint m2_vv check (vv > 0);
-- @@ e
alter table m add column more int;
