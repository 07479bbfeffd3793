-- @strict
-- columns of tables with quoted names are renamed unseen, and later their schema: the oid tells which live table each is
-- @@ a
create schema lit;
create table lit."Book" ("Id" int primary key, "Title" text);
create table lit.page (id int primary key, n int);
-- @@ b
alter table lit."Book" rename column "Title" to "Name";
alter table lit.page add column x int;
-- @@ c
alter table lit."Book" add column "Year" int;
alter table lit.page rename column n to no;
create index page_id on lit.page (id, x);
-- @@ d
alter schema lit rename to literature;
alter table literature."Book" add column "Z" int;
-- @@ e
create index page_no on literature.page (no);
