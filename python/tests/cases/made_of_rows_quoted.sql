-- tables that a loop over lost rows makes, with quoted names, of which v1 records no columns
-- @strict
-- @@ first setup
create table "Tenants" (name text primary key);
insert into "Tenants" values ('Ada'), ('Bob');
-- @@ second
do $$ declare r record; begin
  for r in select name from "Tenants" loop
    execute format('create table %I ("Id" bigint primary key, "Note" varchar(40) not null, at timestamptz default now())', 'Log' || r.name);
    execute format('create index %I on %I (at)', 'Log' || r.name || 'At', 'Log' || r.name);
  end loop;
end $$;
-- @@ third
alter table "LogAda" add column "Size" int;
-- @@ fourth
create table t (id int);
