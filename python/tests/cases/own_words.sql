-- what a row says itself is exact, whatever was inferred before it: a CREATE anew, an index on columns, a name that only
-- begins like an inferred one, a table behind the transaction that wrote its comment; an index that names a renamed column,
-- as the ids say that the rename came before it
-- @strict
-- @@ a
create table pet (id int primary key, owner text, kind int);
create table pet_log (id int primary key, note text);
create view v as select id from pet;
-- @@ b
drop view v;
create view v as select id, kind from pet;
-- @@ c
drop view v;
create view v as select kind from pet;
-- @@ d
alter table pet rename owner to keeper;
-- @@ e
create index pet_kind on pet (kind desc);
create index pet_log_note on pet_log (note);
-- @@ f
create index pet_keeper on pet (keeper) where kind > 0;
-- @@ g
comment on table pet_log is 'kept';
create table box (id int primary key);
-- @@ h
alter table pet_log add column at date;
-- @after select array_agg(fidelity order by event_no) = '{exact,exact,exact,exact}' from pggit_audit.changes where object_identity = 'public.v' and origin = 'v1'
-- @after select count(*) = 1 and bool_and(fidelity = 'repaired') from pggit_audit.changes where object_identity = 'public.v' and origin = 'inferred'
-- @after select bool_and(fidelity = 'exact') from pggit_audit.changes where object_identity in ('public.pet_kind', 'public.pet_log_note')
-- @after select bool_and(fidelity = 'exact') from pggit_audit.changes where object_identity = 'public.pet_keeper'
-- @after select fidelity = 'exact' and new_definition like '%kept%' from pggit_audit.changes where object_identity = 'public.pet_log' and v1_version_id = (select max(v1_version_id) from pggit_audit.changes)
