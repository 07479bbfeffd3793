-- @strict
-- code that fails here for want of rows makes a type, and a column of it
-- @@ a author=alice
create table settings (name text primary key, v text);
-- @@ b author=alice
insert into settings values ('mode', 'strict');
-- @@ c author=alice
create table orders (id int primary key);
-- @@ d author=bob
do $$
begin
  if (select v from settings where name = 'mode') is distinct from 'strict' then raise exception 'no mode'; end if;
  create type state as enum ('new', 'done');
  create domain cents as int check (value >= 0);
  alter table orders add column state state not null default 'new';
  alter table orders add column price cents;
  create table lines (id int primary key, s state);
end $$;
-- @@ e author=bob
create index orders_state on orders (state);
