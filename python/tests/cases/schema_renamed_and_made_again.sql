-- a schema that is renamed in the text of a row in it, and another that takes its old name
-- @strict
-- @@ a client=script
create schema sales;
create type sales.state as enum ('new','done');
create table sales.orders (id serial primary key, s sales.state default 'new', total numeric(10,2) check (total >= 0));
create view sales.open as select * from sales.orders where s = 'new';
create materialized view sales.sums as select s, sum(total) as t from sales.orders group by s;
create unique index sums_s on sales.sums (s);
-- @@ b client=script
create function sales.tg() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tg before insert on sales.orders for each row execute function sales.tg();
alter table sales.orders enable row level security;
create policy mine on sales.orders using (total < 100);
comment on table sales.orders is 'all';
create function sales.f(o sales.orders) returns numeric language sql as 'select o.total';
create procedure sales.p() language sql as 'select 1';
-- @@ c client=script
alter schema sales rename to commerce;
create table commerce.extra (id int primary key references commerce.orders);
-- @@ d client=script
alter table commerce.orders add column x int;
-- @@ e client=script
create schema sales;
create table sales.orders (id int primary key);
-- @@ f client=script
alter table sales.orders add column y int;
alter table commerce.extra add column z int;
