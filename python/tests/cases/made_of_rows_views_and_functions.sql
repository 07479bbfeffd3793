-- views and functions that a loop over rows makes
-- @strict
-- @@ first setup
create table tenants (name text primary key);
insert into tenants values ('ada'), ('bob');
create table base (id int primary key, tenant text, v int);
-- @@ second
do $$ declare r record; begin
  for r in select name from tenants loop
    execute format('create view %I as select id, v from base where tenant = %L', 'v_' || r.name, r.name);
    execute format('create function %I() returns int language sql as %L', 'f_' || r.name, 'select count(*)::int from base where tenant = ' || quote_literal(r.name));
  end loop;
end $$;
-- @@ third
create table t (id int);
-- @@ fourth
drop table t;
