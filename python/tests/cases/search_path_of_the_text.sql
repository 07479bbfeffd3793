-- each text says itself in which schema it works; the one schema is older than the tracker, the other it makes behind the SET
-- @strict
-- @@ before setup
create schema "_shop";
-- @@ first client=script
set search_path = '_shop';
create type amount as (value numeric, currency text);
create function first_of(text, text) returns text language sql immutable as 'select $1';
create table item (id bigint primary key, price amount);
create unique index on item (id, price);
-- @@ second client=script
set search_path to "Back room", _shop;
create schema "Back room";
create table shelf (id bigint primary key, item bigint references item (id));
-- @@ third client=script
set search_path = "Back room", _shop;
alter table item add column title text;
alter table shelf add column place text;
