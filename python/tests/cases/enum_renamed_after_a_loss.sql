-- an enum gets labels that no row tells of, and is renamed: what it was called before does not say what it was by then
-- @@ a client=script
create type level as enum ('lo', 'mid', 'hi');
create table t (id int primary key, l level not null default 'lo');
-- @@ b client=script
alter type level rename value 'mid' to 'middle';
-- @@ c client=script
alter type level rename to level_old;
create type level as enum ('low', 'high');
alter table t alter column l drop default;
alter table t alter column l type level using 'low'::level;
drop type level_old;
-- @@ d client=script
alter table t add column b int;
-- @after select count(*) = 1 from pggit_audit.changes where object_name = 'level_old' and new_definition is not null
-- @after select count(*) = 0 from pggit_audit.changes where object_name = 'level_old' and new_definition is not null and fidelity = 'exact'
