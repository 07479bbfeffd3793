-- two tables that swap names in one text: each rename leaves the row of the new name
-- @strict
-- @@ a client=script
create table a (id serial primary key, v int);
create table b (id serial primary key, w text, a_id int references a);
create view va as select id, v from a;
-- @@ b client=script
alter table a rename to tmp; alter table b rename to a; alter table tmp rename to b;
-- @@ c client=script
alter table a add column x int;
alter table b add column y int;
-- @@ d client=script
drop view va;
alter table b drop column v;
-- @@ e client=script
alter table b add column q int;
