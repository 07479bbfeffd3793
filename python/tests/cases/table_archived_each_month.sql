-- the table of the month is renamed away and made anew like the old one, thrice, its index and sequence too; the oldest goes
-- @@ a author=alice
create table ledger (id bigserial primary key, amt numeric(12,2) not null, at date default current_date);
create index ledger_at on ledger (at);
-- @@ jan client=psql1 author=alice
alter table ledger rename to ledger_2024_01;
alter index ledger_at rename to ledger_2024_01_at;
alter table ledger_2024_01 rename constraint ledger_pkey to ledger_2024_01_pkey;
create table ledger (like ledger_2024_01 including defaults including constraints);
alter table ledger add primary key (id);
create index ledger_at on ledger (at);
alter sequence ledger_id_seq owned by ledger.id;
-- @@ feb client=psql1 author=alice
alter table ledger rename to ledger_2024_02;
alter index ledger_at rename to ledger_2024_02_at;
alter table ledger_2024_02 rename constraint ledger_pkey to ledger_2024_02_pkey;
create table ledger (like ledger_2024_02 including defaults including constraints);
alter table ledger add primary key (id);
create index ledger_at on ledger (at);
alter sequence ledger_id_seq owned by ledger.id;
-- @@ build
-- @@ col author=alice
alter table ledger add column note text;
-- @@ mar client=psql1 author=alice
alter table ledger rename to ledger_2024_03;
alter index ledger_at rename to ledger_2024_03_at;
alter table ledger_2024_03 rename constraint ledger_pkey to ledger_2024_03_pkey;
create table ledger (like ledger_2024_03 including defaults including constraints);
alter table ledger add primary key (id);
create index ledger_at on ledger (at);
alter sequence ledger_id_seq owned by ledger.id;
alter table ledger_2024_01 alter column id drop default;
drop table ledger_2024_01;
-- @@ end
alter table ledger add column z int;
