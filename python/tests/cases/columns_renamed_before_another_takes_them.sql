-- columns are renamed without a row in tables that go without another record: what is made LIKE them, attached to them,
-- or made their heir has the new names
-- @strict
-- @@ a
create table animal (id int, legs int default 4);
create table cage (id int primary key, a text, "B" int);
create table zoo (id int, legs int, name text) partition by list (id);
create table zoo_1 partition of zoo for values in (1);
create table "Animal" (id int, "Legs" int default 4, "Eyes" int);
create index "Animal_legs" on "Animal" ("Legs");
-- @@ b
alter table animal add column name text;
alter table "Animal" add column name text;
-- @@ c
alter table animal rename column legs to feet;
alter table cage rename column a to aa;
alter table zoo rename column name to title;
alter table "Animal" rename column "Legs" to "Feet";
alter table "Animal" rename column "Eyes" to "eyes";
-- @@ d
create table cat (like animal including all, claws int);
create table cage_2 (before int, like cage);
create table dog (id int, feet int, name text, breed text);
alter table dog inherit animal;
create table zoo_2 (id int, legs int, title text);
alter table zoo attach partition zoo_2 for values in (2);
create table "Cat" (like "Animal" including all);
alter table "Cat" add column x int;
-- @@ e
drop table animal cascade;
drop table cage;
drop table zoo;
create table done (id int);
-- @@ f
create table first (a text, b text, c int);
create table "Second" (a text, b text, c int);
-- @@ g client=psql1
alter table first rename column a to tmp;
alter table first rename column b to a;
alter table first rename column tmp to b;
alter table "Second" rename column a to d;
create table third (like first);
create table "Fourth" (like "Second");
alter table "Fourth" drop column b;
alter table "Fourth" add column e text;
-- @@ h
drop table first;
drop table "Second";
drop table "Animal";
alter table "Fourth" drop column e;
