-- the sequence of an older table that goes has a number, as its name was taken when the table was made
-- @strict
-- @@ a setup
create table pet (id serial, name text);
alter table pet rename to former;
create table pet (id serial, name text);
drop table former;
-- @@ b
alter table pet add column born date;
-- @@ c
drop table pet;
