-- a column, and then a schema, get other names without a row, and what shows it first are views of another schema: the
-- column is no other one, and the tables of the schema are not made anew
-- @strict
-- @@ a
create schema data;
create schema api;
create table data.book (id int primary key, title text, isbn text);
create table data.shelf (id int primary key, n int);
create view api.shelves as select id, n from data.shelf;
create function api.f() returns bigint language sql as 'select count(*) from data.book';
-- @@ b client=psql1
alter table data.book rename column isbn to ean;
create view api.books as select id, ean from data.book;
-- @@ c client=psql1
alter schema data rename to store;
create view api.more as select id, title from store.book;
create table api.loan (id int primary key, book int references store.book);
-- @@ d
alter table store.book add column n int;
-- @@ e
drop view api.more;
drop table store.shelf cascade;
