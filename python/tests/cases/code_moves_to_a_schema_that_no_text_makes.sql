-- a block moves parts of a table to a schema that was made without a row; its first row is of the table, which stays as it is
-- @noextra
-- @@ one
create table runtime (id int, at date not null) partition by range (at);
create index runtime_at on runtime (at);
create table runtime_p1 partition of runtime for values from ('2024-01-01') to ('2024-01-02');
create table runtime_p2 partition of runtime for values from ('2024-01-02') to ('2024-01-03');
create schema archive;
-- @@ two
do $$ declare r record; begin
  for r in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'runtime'::regclass and c.relkind = 'r' order by 1 loop
    execute format('alter table runtime detach partition %I', r.relname);
    execute format('alter table %I set schema archive', r.relname);
  end loop;
end $$;
-- @@ three
create table runtime_p1 partition of runtime for values from ('2024-01-01') to ('2024-01-02');
alter table archive.runtime_p1 add column moved date default now();
