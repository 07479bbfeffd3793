-- a sequence and a materialized view are renamed by statements and by blocks, and one of them is altered before
-- @@ a
create table t (id int primary key, n int);
create sequence free;
create materialized view m as select id from t;
create unique index m_id on m (id);
-- @@ b client=script
do $$ begin alter sequence free rename to liberty; alter materialized view m rename to mm; end $$;
alter table t add column a int;
-- @@ c client=script
alter sequence liberty increment 5;
alter table t add column b int default nextval('liberty');
-- @@ d client=script
alter sequence liberty rename to "Free";
alter materialized view mm rename to "M";
alter table t add column c int;
-- @@ e
create table last (id int);
