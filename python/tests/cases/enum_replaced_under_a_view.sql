-- @strict
-- an enum of two tables and a view is replaced by one script
-- @@ a client=script
create type status as enum ('new', 'done');
create table job (id int primary key, s status not null default 'new');
create table step (id int primary key, job int references job, s status);
create view open_jobs as select id from job where s = 'new';
-- @@ b client=script
drop view open_jobs;
alter type status rename to status_old;
create type status as enum ('queued', 'running', 'done');
alter table job alter column s drop default;
alter table job alter column s type status using (case s::text when 'new' then 'queued' else s::text end)::status;
alter table step alter column s type status using (case s::text when 'new' then 'queued' else s::text end)::status;
alter table job alter column s set default 'queued';
drop type status_old;
create view open_jobs as select id from job where s <> 'done';
-- @@ c client=script
alter table step add column x int;
-- @@ d
alter type status add value 'failed';
create index step_s on step (s);
