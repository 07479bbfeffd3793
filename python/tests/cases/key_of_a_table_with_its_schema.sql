-- the last row of a text is of a key's index, which it does not name: its tables have their schema written before them, so
-- that what it makes without one is where the search_path says
-- @strict
-- @@ first client=script
create schema "shop";
create table "shop"."account" (id integer primary key, "Qty" integer);
create materialized view sums as select sum("Qty") as a from shop.account;
create sequence "counter" increment by 1;
-- @@ moved client=script
create table way (id integer);
alter table public.way set schema "shop";
create sequence behind increment by 1;
-- @@ second
alter table shop.account add column place text;
alter sequence public.counter increment by 9;
create index on sums (a);
