-- a block makes columns NOT NULL one after the other, as one does with a table that is in use: each row has its state
-- @after select count(*) = 0 from pggit_audit.changes where fidelity = 'unknown'
-- @after select bool_and(new_definition like '%a integer NOT NULL%' and (v1_version_id = (select max(v1_version_id) from pggit_audit.changes) or new_definition not like '%b integer NOT NULL%')) from pggit_audit.changes where v1_version_id > (select max(v1_version_id) - 3 from pggit_audit.changes)
-- @@ a
create table t (id int primary key, a int, b int);
-- @@ b
do $$ begin
    alter table t add constraint a_there check (a is not null) not valid;
    alter table t validate constraint a_there;
    alter table t alter column a set not null;
    alter table t drop constraint a_there;
    alter table t alter column b set not null;
end $$;
