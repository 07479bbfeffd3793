-- a schema is renamed behind a build, and only the live catalog shows it: what has the same definition is the same object
-- @@ first
create schema app;
create table app.pet (id int primary key, name text);
create index pet_name on app.pet (name);
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update on app.pet for each row execute function app.touch();
-- @@ build
-- @@ second
alter schema app rename to zoo;
-- @@ third
create table public.other (id int);
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.pet', 'zoo.pet')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.pet_name', 'zoo.pet_name')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity like 'touched on%'
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app.touch()', 'zoo.touch()')
-- @after select count(distinct object_id) = 1 from pggit_audit.changes where object_identity in ('app', 'zoo')
