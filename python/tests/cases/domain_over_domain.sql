-- v1 records the domain below a domain, one level down: the same type through its rename, which leaves no row
-- @@ a
create domain "Email" as text check (value like '%@%');
create domain work_email as "Email" default 'x@y';
create table people (id int primary key, m work_email);
-- @@ b
create table lists (id int primary key, "Main" "Email" not null);
-- @@ c
alter domain "Email" rename to e_mail;
alter table people add column z e_mail;
-- @@ d
alter table lists add column note text;
-- @events public.people = CREATE ALTER
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('static', 'unknown')
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'changed_type'
