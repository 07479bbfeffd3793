-- an object is the same one under each of its names, whoever changes them; what takes a free name is another one
-- @@ first
create schema app;
create table app.pet (id int primary key, name text);
create index pet_name on app.pet (name);
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update on app.pet for each row execute function app.touch();
create table app.toy (id int);
-- @@ second
alter table app.pet rename to animal;
-- @@ third
create table app.pet (id bigint);
-- @@ fourth author=bob
alter schema app rename to zoo;
alter table zoo.animal add column born date;
-- @@ build
-- @@ fifth
drop table zoo.toy;
-- @@ sixth client=script
create table zoo.toy (id int);
create table zoo.cage (id int);
alter table zoo.cage rename to box;
alter table zoo.box rename to crate;
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.pet', 'app.animal', 'zoo.animal') and new_definition like '%name text%'
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.pet', 'zoo.pet') and new_definition like '%id bigint%'
-- @after select count(distinct object_id) = 2 from pggit_audit.changes where object_identity = 'app.pet'
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.pet_name', 'zoo.pet_name')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity like 'touched on%'
-- @after select count(distinct object_id) = 2 from pggit_audit.changes where object_identity in ('app.toy', 'zoo.toy')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('zoo.cage', 'zoo.box', 'zoo.crate')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.touch()', 'zoo.touch()')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app', 'zoo')
