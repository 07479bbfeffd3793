-- texts drop foreign keys of an older table that is gone by the end: their names say that they were no primary key
-- @after select count(*) > 2 and bool_and(new_definition like '%PRIMARY KEY%') from pggit_audit.changes where object_identity = 'public.version_dependency' and new_definition is not null
-- @@ first setup
create table release (id serial primary key);
create table release_dependency (id serial primary key, release_id int not null, some_other_deployment_id int not null);
alter table release_dependency add constraint "release_dependency_release_id_release_id_fk" foreign key (release_id) references release (id);
alter table release rename to version;
create table a (id serial primary key, x int);
create table b (id serial primary key, x int);
create table c (id serial primary key, x int);
-- @@ second client=psql1
alter table "release_dependency" rename to "version_dependency";
alter table "version_dependency" drop constraint "release_dependency_release_id_release_id_fk";
-- @@ third
alter table version_dependency add column note text;
-- @@ fourth
drop table version_dependency;
