-- tables that a loop over lost rows makes; a second loop changes what the first one made
-- @strict
-- @@ first setup
create table tenants (name text primary key);
insert into tenants values ('ada'), ('bob');
create table kinds (id int primary key);
-- @@ second
do $$ declare r record; begin
  for r in select name from tenants loop
    execute format('create table %I (id int, note text)', 'log_' || r.name);
  end loop;
end $$;
-- @@ between
create table t (id int);
-- @@ third
do $$ declare r record; begin
  for r in select name from tenants loop
    execute format('alter table %I add column kind int not null default 1', 'log_' || r.name);
    execute format('create unique index %I on %I (id, kind)', 'log_' || r.name || '_ids', 'log_' || r.name);
  end loop;
end $$;
-- @@ fourth
create table u (id int);
