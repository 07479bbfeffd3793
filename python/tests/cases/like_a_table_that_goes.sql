-- @strict
-- a table is made LIKE one whose column was renamed unseen, and which then goes: each row of the new one has its columns
-- @@ a
create table other (id int primary key);
create table tasks (id int primary key, assignee_id int references other, title text default 'x');
alter table tasks add column at date;
-- @@ b
alter table tasks rename column assignee_id to assigned_to;
create table kept (like tasks including defaults including constraints);
create table kept2 (like tasks including all);
drop table tasks;
-- @@ build
-- @@ c
alter table kept add column x int;
