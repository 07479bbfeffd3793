-- a table that a query makes, without a row, has none of the foreign keys that other tables have on such a column
-- @strict
-- @@ a
create table owner (id int primary key);
create table pet (owner_id int references owner (id));
create table house (owner_id int references owner (id));
create table car (owner_id int references owner (id));
create table boat (owner_id int references owner (id));
-- @@ b
create table total as select owner_id, 1 as many from pet;
alter table total add primary key (owner_id);
-- @@ c
alter table total add column made date;
-- @@ d
drop table total;
