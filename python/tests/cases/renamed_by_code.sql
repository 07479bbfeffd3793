-- code that renames indexes, tables, views and constraints by what the catalog has; later texts have the new names
-- @strict
-- @@ a client=script
create table acc (id int primary key, n int unique); create table usr (id int primary key, acc_id int references acc);
create index acc_x on acc (n, id); create view usr_w as select id from usr;
-- @@ b client=script
do $$ declare r record; begin
  for r in select c.relname, c.relkind from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by relkind, relname loop
    execute format('alter %s %I rename to %I', case r.relkind when 'r' then 'table' else 'view' end, r.relname, 'app_' || r.relname);
  end loop; end $$;
-- @@ c client=script
do $$ declare r record; begin
  for r in select i.relname from pg_class i join pg_index x on x.indexrelid = i.oid where i.relnamespace = 'public'::regnamespace order by 1 loop
    execute format('alter index %I rename to %I', r.relname, 'ix_' || r.relname);
  end loop; end $$;
alter table app_acc add column z int;
-- @@ d client=script
alter table app_usr add column z int;
drop index ix_acc_x;
create view v as select id from app_usr_w;
