-- two tables change their names with one another: each is the same one as before
-- @@ first
create table cat (id int, name text);
create table dog (id bigint);
-- @@ second
begin;
alter table cat rename to swapped;
alter table dog rename to cat;
alter table swapped rename to dog;
commit;
-- @@ third
alter table dog add column born date;
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where new_definition like '%name text%'
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where new_definition like '%id bigint%'
-- @after select count(distinct object_id) = 2 from pggit_audit.changes where object_identity in ('public.cat', 'public.dog', 'public.swapped')
