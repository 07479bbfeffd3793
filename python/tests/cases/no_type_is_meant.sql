-- statements about what has no types in it, and what they name is not there: no type is invented
-- @@ a
create schema st; create schema "Int ernal";
create table city (id int primary key, zip text, name text);
create table "Int ernal".x (id int primary key);
create statistics st."City S" on zip, name from city;
create publication "P some" for table city;
-- @@ b client=script
drop statistics st."City S"; alter table city add column lat float8;
-- @@ c client=script
alter publication "P some" drop table city; drop publication "P some"; alter table city add column lon float8;
-- @@ d client=script
create text search configuration tc (copy = simple); alter text search configuration tc drop mapping for uint, int;
drop text search configuration tc; create collation nc from "C"; drop collation nc; alter table city drop column lon;
-- @after select count(*) = 0 from pggit_audit.changes where object_type = 'TYPE'
