-- A type may be made under the name of a sequence, and a sequence may be renamed to that of a type; no sequence is made
-- where such a type is. So the one comes first in a script; pg_dump's own order does not run.
-- @@ m1
create schema shop;
create sequence shop.order_no;
create type shop.order_no as enum ('small', 'large');
create table shop.orders (id integer primary key default nextval('shop.order_no'), no shop.order_no not null);
-- @@ m2
create domain code as text check (value <> '');
create sequence codes;
create table labels (id integer default nextval('codes'), code code);
alter sequence codes rename to code;
-- @@ m3
alter sequence code owned by labels.id;
alter table labels add column note text;
