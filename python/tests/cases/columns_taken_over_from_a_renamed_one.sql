-- @strict
-- a column that was renamed unseen is taken over by tables that are made of its table; the next record of its own table is much later
-- @@ a
create schema archive;
create table archive.keep (id int);
create table tasks (id serial primary key, assignee_id int, title text default 'x', at int not null);
create view open_tasks as select id, assignee_id from tasks;
create table part (id int, kind text default 'k') partition by list (id);
-- @@ b
alter table tasks rename column assignee_id to assigned_to;
create table archive.tasks (like tasks including defaults including constraints);
alter table archive.tasks add column x int;
-- @@ c
alter table tasks rename column title to head;
create table kid (more int) inherits (tasks);
alter table part rename column kind to sort;
create table part1 partition of part for values in (1);
-- @@ d
drop view open_tasks;
alter table tasks alter column id type bigint;
alter table part add column z int;
