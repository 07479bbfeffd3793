-- rows that a trigger makes tables of come from a table that the history does not have; texts alter them later
-- @strict
-- @@ first
create table registry (name text primary key);
create function made() returns trigger language plpgsql as $$
begin
  execute format('create table %I (id bigint primary key, at timestamptz not null default now())', new.name);
  execute format('create index on %I (at)', new.name);
  execute format('create trigger tt before update on %I for each row execute function suppress_redundant_updates_trigger()', new.name);
  return new;
end $$;
create trigger made after insert on registry for each row execute function made();
create table incoming (name text);
-- @@ data
insert into incoming values ('cars'), ('boats');
-- @@ second
insert into registry select name from incoming;
-- @@ third
create table t (id int);
-- @@ fourth
alter table cars add column n int;
create index cars_n on cars (n);
