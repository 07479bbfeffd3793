-- a materialized view is made anew with other columns: an index tells what the older one had
-- @@ first
create table t (id int, n int);
create materialized view m as select id from t;
create unique index m_id on m (id);
drop materialized view m;
create materialized view m as select id, n from t;
-- @@ second author=bob
create index m_n on m (n);
drop materialized view m;
create materialized view m as select n from t;
-- @@ third
create index m_n on m (n desc);
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('static', 'unknown')
