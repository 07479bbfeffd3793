-- a table of a query takes another's place: the modifiers of its types are those of the live table
-- @strict
-- @@ a client=psql1
create table orders (id bigint primary key, total numeric(10,2) not null, note text);
create index orders_total on orders (total);
-- @@ b client=psql1
create table orders_new as select id, total, coalesce(note, '') as note from orders;
drop table orders;
alter table orders_new rename to orders;
alter table orders add primary key (id);
alter table orders alter total set not null;
create index orders_total on orders (total);
-- @@ c client=psql1
alter table orders add column ref text;
