-- a column is renamed, an index is made on it, and it gets its name back before the next record of the table: the live
-- index is on the column of the old name, so no column of the new one was ever added
-- @strict
-- @also psql1
-- @@ a
create table t (id int primary key, n int, o int);
create table "Q" ("id" int primary key, "n" int, "o" int);
-- @@ b
alter table t rename n to m;
create index t_m on t (o, m) where m > 0;
alter table "Q" rename "n" to "m";
create index "Q_m" on "Q" ("m" desc);
-- @@ c
alter table t rename m to n;
alter table "Q" rename "m" to "n";
alter table t add column x int;
alter table "Q" add column "x" int;
-- @@ d
alter table t alter n set not null;
