-- CREATE FOREIGN TABLE … PARTITION OF
-- @server 15
-- @@ wrapper
create extension postgres_fdw;
create server archive foreign data wrapper postgres_fdw options (host 'x', dbname 'y');
create user mapping for public server archive options (user 'u', password 'p');
-- @@ first
create table reading (taken date not null, meter int not null, amount numeric) partition by range (taken);
-- @@ cold
create foreign table reading_2023 partition of reading for values from ('2023-01-01') to ('2024-01-01') server archive options (table_name 'r23');
-- @@ later
alter table reading add column note text;
alter table reading alter column amount set not null;
-- @@ view
create view cold_readings as select * from reading_2023;
-- @@ last
alter table reading drop column note cascade;
