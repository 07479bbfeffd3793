-- a typed table with a key leaves an ALTER TABLE between the rows of the table and of its index
-- @strict
-- @@ a client=script
create type person as (name text, age int);
create table people of person (primary key (name), constraint adult check (age > 17));
-- @@ b client=script
alter type person add attribute email text cascade;
create index people_email on people (email);
-- @@ c client=script
alter type person alter attribute age type bigint cascade;
create table x (id int primary key);
-- @@ d client=script
alter table people not of;
alter table people add column z int;
-- @@ e client=script
alter table x add column y int;
