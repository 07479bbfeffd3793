-- a block that catches errors runs as a part of its transaction, under an id of its own, behind which the transaction goes
-- on: what it makes is no younger than the rows that the transaction wrote last
-- @strict
-- @@ first
create table owner (id int primary key);
-- @@ second author=bob client=script
do $$ begin create type mood as enum ('calm', 'shy'); exception when duplicate_object then null; end $$;
create table pet (id int primary key, feels mood not null);
create table toy (id int primary key, pet_id int references pet);
create index toy_pet on toy (pet_id);
-- @@ third
alter table toy add column name text;
create table bowl (id int primary key);
-- @@ fourth author=bob client=script
do $$ begin alter type mood add value 'wild'; exception when duplicate_object then null; end $$;
alter table pet add column name text;
-- @@ fifth
create table cage (id int primary key);
