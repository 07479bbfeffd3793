-- helper functions and procedures of the session, in pg_temp, that make and change tables
-- @strict
-- @@ a
create table orders (id int primary key, total numeric);
create table items (id int primary key, price numeric);
-- @@ b client=script
create function pg_temp.stamp(t regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s add column created_at timestamptz not null default now()', t);
  execute format('create index on %s (created_at)', t);
end $$;
select pg_temp.stamp('orders');
select pg_temp.stamp('items');
drop function pg_temp.stamp(regclass);
-- @@ c client=script
create function pg_temp.audit(name text) returns void language plpgsql as $$
begin
  execute format('create table %I (id bigint primary key, at timestamptz)', name || '_audit');
end $$;
select pg_temp.audit('orders');
select pg_temp.audit('items');
-- @@ d client=script
create procedure pg_temp.drop_audit(name text) language plpgsql as $$
begin
  execute format('drop table %I', name || '_audit');
end $$;
call pg_temp.drop_audit('items');
-- @@ e
alter table orders add column note text;
alter table orders_audit add column by text;
