-- @strict
-- source kind: CREATE SCHEMA with elements, in a script, forward references, for a role, if not exists; renamed and made again
-- @@ a client=script
create schema hr
 create view staff_v as select id, name from staff
 create table dept (id int primary key)
 create table staff (id int primary key, name text, dept int references dept)
 create index staff_name on staff (name)
 create sequence nums
 grant select on staff to public;
create table after_it (id int);
-- @@ b
create schema "My Own" create table "Mine" ("Id" int primary key) create view "V" as select "Id" from "Mine";
alter table hr.staff add column born date;
-- @@ c
alter schema hr rename to people;
create schema hr create table staff (id bigint primary key) create trigger t before update on staff for each row execute function suppress_redundant_updates_trigger();
create schema if not exists hr;
-- @@ d
alter table people.staff add column x int;
alter table hr.staff add column y int;
-- @@ e
alter table hr.staff set schema public;
drop schema hr;
alter table staff add column z int;
