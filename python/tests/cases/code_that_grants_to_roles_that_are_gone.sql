-- @strict
-- a block that makes roles, and grants to them as text and as statements, among what it makes; the roles are gone by now
-- @@ a author=alice client=script
do $$
declare reader text := coalesce(current_setting('app.reader', true), 'p1_reader');
begin
  if not exists (select from pg_roles where rolname = reader) then
    execute 'create role ' || reader || ' nologin';
    create role p1_writer nologin;
  end if;
  create type state as enum ('new', 'done');
  create table orders (id int primary key, state state not null default 'new');
  create index orders_state on orders (state);
  grant select, insert on orders to p1_writer;
  execute format('grant select on %I to %I', 'orders', reader);
  alter default privileges in schema public grant select on tables to p1_writer;
  if exists (select from pg_class where relname = 'orders') then
    revoke insert on orders from p1_writer;
  else
    create table never (id int);
  end if;
end $$;
create table lines (id int primary key, order_id int references orders);
-- @@ b author=bob
do $$ begin alter table orders add column note text; execute 'grant all on orders to p1_reader, p1_writer'; end $$;
-- @@ c author=bob
alter table lines add column n int;
-- @@ d
do $$ begin drop owned by p1_reader, p1_writer; drop role p1_reader; drop role p1_writer; end $$;
-- @@ e author=bob
alter table orders add column later int;
