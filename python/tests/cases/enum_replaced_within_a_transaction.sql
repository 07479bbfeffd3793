-- an enum gives way to one that is made, used and given its name in one transaction
-- @strict
-- @after select count(*) = 1 from pggit_audit.changes where object_identity = 'public.mood_new' and new_definition like '%wild%'
-- @@ a client=psql1
create type mood as enum ('calm', 'wild');
create table pet (id int, mood mood not null);
-- @@ b
alter table pet add column born date;
-- @@ c client=psql1
create type mood_new as enum ('calm', 'wild');
alter table pet add column mood_new mood_new;
alter table pet drop column mood;
alter table pet rename column mood_new to mood;
alter table pet alter column mood set not null;
drop type mood;
alter type mood_new rename to mood;
-- @@ d
alter table pet add column name text;
