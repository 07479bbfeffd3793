-- a loop over lost rows adds constraints to tables that texts made
-- @strict
-- @@ first setup
create table tenants (name text primary key);
insert into tenants values ('ada'), ('bob');
create table kinds (id int primary key);
-- @@ made
create table log_ada (id int not null, kind int, note text);
create table log_bob (id int not null, kind int, note text);
-- @@ second
do $$ declare r record; begin
  for r in select name from tenants loop
    execute format('alter table %I add primary key (id)', 'log_' || r.name);
    execute format('alter table %I add constraint %I unique (kind, note)', 'log_' || r.name, r.name || '_once');
  end loop;
end $$;
-- @@ between
create table t (id int);
-- @@ third
do $$ declare r record; begin
  for r in select name from tenants loop
    execute format('alter table %I add foreign key (kind) references kinds', 'log_' || r.name);
    execute format('alter table %I add check (note <> '''')', 'log_' || r.name);
  end loop;
end $$;
-- @@ fourth
create table u (id int);
