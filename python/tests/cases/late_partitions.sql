-- partitions that are older than the tracker: what texts say of their parents was not in them, and they are attached
-- @strict
-- @@ before setup
create table stock (id int not null, code text, at date not null) partition by range (at);
create table stock_23 partition of stock for values from ('2023-01-01') to ('2024-01-01');
create table stock_24 partition of stock for values from ('2024-01-01') to ('2025-01-01') partition by list (code);
create table stock_24_a partition of stock_24 for values in ('a');
create index stock_code on stock (code);
-- @@ first
alter table stock add column n int not null default 0;
-- @@ second client=script
alter table stock rename column code to sku;
alter table stock add constraint few check (n >= 0);
create table stock_25 partition of stock for values from ('2025-01-01') to ('2026-01-01');
-- @@ third author=bob
create index on stock (n);
-- @@ fourth client=script
alter table stock_23 rename to stock_old;
