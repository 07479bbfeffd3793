-- a block that gives everything to another role; its rows change no definition
-- @@ a author=alice
do $$ begin create role p2_owner nologin; exception when duplicate_object then null; end $$;
-- @@ b author=alice client=script
create schema app;
create table app.a (id int primary key, v text);
create view app.va as select id from app.a;
create function app.f() returns int language sql as 'select 1';
create function app.g(x int, y text) returns int language sql as 'select 2';
create table app."B c" (id int primary key);
-- @@ c author=alice
do $$
declare r record;
begin
  for r in select c.oid::regclass as name, c.relkind from pg_class as c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'v') loop
    execute format('alter %s %s owner to %I', case r.relkind when 'v' then 'view' else 'table' end, r.name, 'p2_owner');
  end loop;
  for r in select p.oid::regprocedure as name from pg_proc as p where p.pronamespace = 'app'::regnamespace loop
    execute 'ALTER FUNCTION ' || r.name || ' OWNER TO p2_owner';
  end loop;
  alter table app.a owner to p2_owner;
end $$;
-- @@ d author=bob
alter table app.a add column w int;
-- @@ e author=bob
create or replace function app.f() returns int language sql as 'select 3';
