-- a foreign table is a partition: attached by a text, detached, renamed; its server is as in the live catalog
-- @@ all client=script
create foreign data wrapper cold_store;
create server archive foreign data wrapper cold_store;
create table reading (taken date not null, meter int not null) partition by range (taken);
create foreign table reading_2023 (taken date not null, meter int not null) server archive;
alter table reading attach partition reading_2023 for values from ('2023-01-01') to ('2024-01-01');
create view v as select * from reading_2023;
-- @@ later client=script
alter table reading add column amount numeric default 0;
alter foreign table reading_2023 options (add format 'csv');
-- @@ detach
alter table reading detach partition reading_2023;
-- @@ more
alter foreign table reading_2023 rename to old_2023;
create view w as select * from old_2023;
-- @@ attached
create foreign table reading_2022 (taken date not null, meter int not null, amount numeric) server archive options (bucket 'b');
alter table reading attach partition reading_2022 for values from ('2022-01-01') to ('2023-01-01');
-- @@ wider
alter table reading add column note text;
create view all_readings as select meter, sum(amount) as amount from reading group by meter;
