-- LIKE INCLUDING: rows of what is added afterwards, in scripts and by statements, twice in one table, quoted
-- @strict
-- @@ a client=script
create table a (id int primary key, n int default 1 check (n > 0), g int generated always as (id + 1) stored);
create table "B" ("x" text default 'x' check ("x" <> ''), "y" int unique);
-- @@ b client=script
create table c1 (like a including defaults, like "B" including all, z int);
create table c2 (like a including constraints including generated);
create table "C3" (like "B" including defaults including constraints, like a including comments);
create index on c2 (n);
-- @@ c
create table d1 (like a including all);
create table "D2" (like "B" including all, primary key ("y"));
alter table d1 add column q int;
-- @@ d client=script
create table e1 (like a including all, b_y int references "B" ("y"));
alter table e1 add column q int;
alter table c2 drop column g;
