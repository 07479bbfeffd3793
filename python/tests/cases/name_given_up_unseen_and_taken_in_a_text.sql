-- @strict
-- a column is renamed by a query of its own, and a text gives its name to another one; all are called as words of ALTER TABLE
-- @@ a
create table rename (of int, no int, force int, if int, exists int, enable int, replica text);
-- @@ b
alter table rename rename if to exists2;
create table other (id int);
-- @@ c client=script
alter table rename rename exists to if;
alter table rename alter column enable set not null, alter force type bigint;
-- @@ d
alter table rename rename to "table";
alter table "table" add column last int;
