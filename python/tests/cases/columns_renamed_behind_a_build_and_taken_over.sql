-- @strict
-- a build in between, then a column is renamed unseen and taken over by another table, before the next record of its own
-- @@ a
create schema archive;
create table archive.keep (id int);
create table tasks (id int primary key, assignee_id int, title text default 'x');
create view open_tasks as select id, assignee_id from tasks;
-- @@ build
-- @@ b
alter table tasks rename column assignee_id to assigned_to;
create table archive.tasks (like tasks including defaults including constraints);
alter table archive.tasks add column x int;
-- @@ c
drop view open_tasks;
alter table tasks alter column id type bigint;
