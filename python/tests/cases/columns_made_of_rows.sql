-- columns that code adds to tables of rows that the history lacks: as the live table has them
-- @strict
-- @@ first setup
create table tenants (name text primary key);
insert into tenants values ('ada'), ('bob');
-- @@ made
create table log_ada (id int not null, at timestamptz);
create table log_bob (id int not null, at timestamptz);
-- @@ second
do $$ declare r record; begin
  for r in select name from tenants loop
    execute format('alter table %I add column size numeric(10,2) not null default 0, add column code varchar(8) collate "C", add column n int generated always as identity, add column twice numeric(12,2) generated always as (id * 2) stored', 'log_' || r.name);
  end loop;
end $$;
-- @@ between
create table t (id int);
-- @@ fourth
create table u (id int);
