-- @strict
-- a materialized view is made beside the old one and takes its name and its indexes' names (what blue/green refreshes send)
-- @@ a client=script
create table sale (id int primary key, shop int, amount numeric(10,2));
create materialized view totals as select shop, sum(amount) as total from sale group by shop with no data;
create unique index totals_shop on totals (shop);
create view top as select * from totals where total > 100;
-- @@ b client=script
create materialized view totals_new as select shop, sum(amount) as total, count(*) as n from sale group by shop with no data;
create unique index totals_new_shop on totals_new (shop);
create or replace view top as select shop, total from totals_new where total > 100;
drop materialized view totals;
alter materialized view totals_new rename to totals;
alter index totals_new_shop rename to totals_shop;
-- @@ c client=script
create index totals_n on totals (n);
alter table sale add column at date;
-- @@ d client=script
drop view top;
drop materialized view totals cascade;
create table totals (shop int primary key, total numeric);
