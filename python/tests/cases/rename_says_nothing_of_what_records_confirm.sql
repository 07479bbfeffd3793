-- a column is renamed and its name given to another; its id is no guide any more (rights on it came later), but the records of
-- before have the old name: the constraints that name it are as certain as they are
-- @after select count(*) = 1 from pggit_audit.changes where object_identity = 'public.job' and origin = 'v1' and fidelity = 'repaired'
-- @after select count(*) = 5 from pggit_audit.changes where object_identity = 'public.job' and origin = 'v1' and fidelity = 'exact'
-- @@ first
create table job (id int primary key, name text, place text, unique (place, name));
-- @@ second
alter table job add column kind text;
-- @@ third
alter table job add constraint named check (name <> '');
-- @@ fourth
alter table job add column born date;
-- @@ fifth client=psql1
alter table job rename column name to simple_name;
alter table job add column name text;
-- @@ sixth
grant select (simple_name) on job to alice;
-- @@ seventh
alter table job add column gone date;
