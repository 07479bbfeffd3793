-- the team's own event trigger gives each new table a column and an index: their rows stand before that of the table
-- @@ made
create table log (id int primary key, what text);
create function public.audit_columns() returns event_trigger language plpgsql as $$
declare r record;
begin
  for r in select * from pg_event_trigger_ddl_commands() where command_tag = 'CREATE TABLE' and schema_name = 'public' loop
    execute format('alter table %s add column if not exists created_at timestamptz not null default now()', r.object_identity);
    execute format('create index on %s (created_at)', r.object_identity);
  end loop;
end $$;
create event trigger audit_columns on ddl_command_end when tag in ('CREATE TABLE') execute function public.audit_columns();
-- @@ tables
create table orders (id int primary key, total numeric);
create table lines (id int primary key, "order" int references orders);
-- @@ script client=script
create table parts (id int primary key);
create function f() returns int language sql as $$ select 1 $$;
create view v as select * from parts;
alter table parts add column name text;
-- @@ later
alter table orders drop column total;
create view w as select id, created_at from orders;
