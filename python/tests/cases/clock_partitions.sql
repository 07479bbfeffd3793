-- one text makes partitions by the clock of several tables, and other things behind them; the rows' times are other ones
-- @noextra
-- @@ a client=script
create table events (at timestamptz not null, key text, primary key (key, at)) partition by range (at);
create table runs (at timestamptz not null, id int, primary key (id, at)) partition by range (at);
create function part(t text, d date) returns int language plpgsql as $f$
begin
  if exists (select from pg_tables where tablename = t || to_char(d, '_YYYYMMDD')) then return 0; end if;
  execute format('create table %s (like %s including indexes)', t || to_char(d, '_YYYYMMDD'), t);
  execute format('alter table %s attach partition %s for values from (%L) to (%L)', t, t || to_char(d, '_YYYYMMDD'), d, d + 1);
  return 1;
end $f$;
select part('events', date 'today');
select part('runs', current_date);
create function after_them() returns int language sql as 'select 1';
-- @@ b client=script
do $$
declare r record;
begin
  create table events_new (at timestamptz not null, key text, primary key (at, key)) partition by range (at);
  create index events_key_new on events_new (key);
  for r in select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound from pg_class c join pg_inherits i on c.oid = i.inhrelid join pg_class p on i.inhparent = p.oid where p.relname = 'events'
  loop execute format('create table %I partition of events_new %s', r.name || '_new', r.bound); end loop;
  drop table events;
  alter table events_new rename to events;
  for r in select c.relname as name from pg_class c join pg_inherits i on c.oid = i.inhrelid join pg_class p on i.inhparent = p.oid where p.relname = 'events'
  loop execute format('alter table %I rename to %I', r.name, regexp_replace(r.name, '_new$', '')); end loop;
  alter index events_key_new rename to events_key;
  create or replace function after_them() returns int language sql as 'select 2';
end $$;
-- @@ c client=script
alter table events add column scope text;
-- @@ d
create table done (id int);
