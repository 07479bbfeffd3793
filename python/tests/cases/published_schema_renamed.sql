-- behind a build a schema that is published has another name, and the next text says the new one; an enum's label too
-- @strict
-- @@ a
create schema shop;
create type shop.st as enum ('low', 'high');
create table shop.goods (id int primary key, s shop.st default 'low');
create view shop.v as select id from shop.goods;
create function shop.f() returns int language sql as 'select 1';
-- @@ build
-- @@ b
alter schema shop rename to store;
alter type store.st rename value 'low' to 'lowest';
alter type store.st add value 'top';
alter function store.f() set schema public;
-- @@ build
-- @@ c
alter table store.goods add column stock int;
