-- code that counts rows under names that it is given, or that it changes
-- @@ a
create table t (id int primary key, a int);
insert into t values (1, -1);
create table u (id int primary key, a int);
-- @@ b
do $$ declare n int; begin
  execute format('select count(*) from %I', 't') into n;
  if n > 0 then alter table u add constraint c1 check (a > 0);
  else alter table u add constraint c1 check (a > 1); end if;
end $$;
-- @@ c
do $$ declare n int; begin
  update t set a = 2;
  get diagnostics n = row_count;
  if n > 0 then alter table u add constraint c2 check (a > 0);
  else alter table u add constraint c2 check (a > 1); end if;
end $$;
-- @@ d
do $$ declare n int; begin
  insert into t values (7, 7) returning id into n;
  execute format('create view v as select %s as n', n);
end $$;
-- @@ e
alter table u drop constraint c1;
alter table u drop constraint c2;
alter table u add constraint c1 check (a > 0);
alter table u add constraint c2 check (a > 0);
create or replace view v as select 7 as n;
