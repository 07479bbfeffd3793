-- columns are renamed without a row, and the next statement of their transaction names them so: of tables with quoted names,
-- of which no row has the columns, and of tables whose next record is under another name, or in another schema
-- @strict
-- @@ a
create schema data;
create table data.book (id int primary key, title text not null, price numeric(8,2), isbn text);
create table "Book" (id int primary key, "Isbn" text, "Price" numeric(8,2));
create table "Shelf" (id int primary key, "Room" text, n int);
create table shop (id int primary key, town text, n int);
create table firm (id int primary key, "Land" text, n int);
-- @@ b client=psql1
alter table data.book rename column isbn to ean;
create view data.books as select id, ean from data.book;
alter table "Book" rename column "Isbn" to "Ean";
create view books as select id, "Ean" from "Book";
alter table "Shelf" rename column "Room" to "Hall";
create index on "Shelf" ("Hall");
alter table shop rename column town to city;
create index on shop (city);
alter table firm rename column "Land" to "Country";
create index on firm (lower("Country"));
-- @@ c
alter table data.book rename to work;
alter table "Shelf" rename to "Board";
alter table shop rename to store;
-- @@ d
alter schema data rename to library;
create table library.x (id int);
alter table "Board" add column x int;
alter table store add column x int;
alter table firm set schema library;
-- @@ e
drop table store;
alter table library.work drop column price;
alter table library.firm add column x int;
