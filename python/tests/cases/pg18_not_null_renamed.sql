-- no record has the name of a NOT NULL constraint: one that is renamed without a row may have had the new name before
-- @server 18
-- @after select bool_and(fidelity = 'repaired') from pggit_audit.changes where origin = 'v1' and change_type = 'ALTER' and object_name = 'pet'
-- @@ first
create table pet (id int primary key, name text constraint named not null);
-- @@ second
alter table pet add column born date;
-- @@ third
alter table pet rename constraint named to has_a_name;
-- @@ fourth
alter table pet add column owner text;
