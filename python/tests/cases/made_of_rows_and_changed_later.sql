-- what code makes of rows that the history lacks, and what texts change of that later
-- @strict
-- @@ first setup
create schema app;
create table app.tenants (name text primary key);
insert into app.tenants values ('ada'), ('bob');
-- @@ second
do $$ declare r record; begin
  for r in select name from app.tenants loop
    execute format('create table app.%I (id bigserial primary key, note varchar(40) unique, old int, size numeric(10,2) not null default 0, ref text references app.tenants)', 'log_' || r.name);
    execute format('create index %I on app.%I (size) where note is not null', r.name || '_size', 'log_' || r.name);
    execute format('create view app.%I as select id, size from app.%I', 'v_' || r.name, 'log_' || r.name);
  end loop;
end $$;
-- @@ third
alter table app.log_ada rename to journal;
alter table app.journal rename column size to amount;
-- @@ fourth
alter table app.log_bob drop column old;
alter table app.log_bob alter column note set not null;
-- @@ fifth client=script
alter index app.ada_size rename to journal_amount;
-- @@ sixth
alter table app.journal add constraint positive check (amount >= 0);
