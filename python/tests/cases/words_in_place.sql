-- @strict
-- columns whose names are the words of ALTER TABLE: type, set, column, add, rename, owner, constraint quoted; each in its place
-- @@ a client=script
create table box (id int primary key, type int, set text, add int, rename text, "column" int, "to" text, "constraint" int, cascade int, rule text, trigger int);
create table "table" ("only" int, "primary" int, key text, index int);
-- @@ b client=script
alter table box alter type type bigint;
alter table box alter set set default 'x';
alter table only box alter column add set not null;
alter table box rename rename to renamed;
alter table box rename "column" to col;
alter table "table" rename key to "unique";
-- @@ c client=script
alter table box rename "to" to "from";
alter table box drop cascade, drop "constraint" restrict, add column constraint_ int, alter rule type varchar(20), alter trigger drop not null;
alter table box add constraint add check (add > 0);
alter table "table" add "constraint" int, alter "only" drop default;
-- @@ d client=script
alter table box rename constraint add to rename;
alter table box rename to rename;
alter table rename rename to to_box;
alter table "table" rename column "only" to column_;
create index index on "table" (index);
alter index index rename to column_;
-- @@ e
alter table to_box add column last int;
