-- names in Unicode escapes: of schemas, tables and columns, with an escape character of their own, in code, under a rename
-- @strict
-- @@ a
create schema U&"s\0063h";
create table sch.U&"a!0022b!!" uescape '!' (U&"\0069d" int primary key, "x""y" text);
-- @@ b client=script
alter table U&"sch"."a""b!" rename to U&"caf\00E9";
alter table sch.U&"caf\00E9" rename U&"x""y" to U&"\+01F600";
create view sch.v as select * from sch.U&"caf\00E9";
-- @@ c
do $$ begin alter table sch.U&"caf\00E9" add column U&"\D83D\DE01" int; alter table sch."café" rename column "😀" to U&"pl\0061in"; end $$;
-- @@ d client=script
drop view sch.U&"\0076";
alter table sch.U&"caf!00E9" uescape '!' set schema public;
alter schema U&"s\0063h" rename to U&"t\0065nant";
create index on U&"caf\00E9" (plain);
-- @@ e
alter table U&"caf\00E9" drop column U&"\D83D\DE01";
