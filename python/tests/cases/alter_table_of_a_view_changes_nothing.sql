-- ALTER TABLE of a view or an index that changes nothing: an owner, as pg_dump writes it, and what is set already
-- @strict
-- @@ a
create table t (id int primary key, n text);
create view v as select id, n from t;
create index i on t (n);
-- @@ b
alter table v owner to current_user;
alter table i set tablespace pg_default;
alter table i reset (fillfactor);
alter table if exists public.v owner to current_user;
-- @@ c client=script
create or replace view v as select id, n, 1 as one from t; alter table public.v owner to current_user; alter table v alter column one drop default; alter table t owner to current_user;
-- @@ d client=script
drop view v; create view v as select n from t; alter table v owner to session_user; create view "W w" as select * from v; alter table "W w" owner to current_user;
-- @@ e
alter table v rename to vv;
-- @after select count(*) = 0 from pggit_audit.changes where fidelity <> 'exact' and origin = 'v1'
