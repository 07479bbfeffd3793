-- a session whose event triggers do not fire
-- @@ a
create table t (id int primary key, v text);
create view w as select id, v from t;
-- @@ b
set session_replication_role = replica;
alter table t add column quiet int;
create table hidden (id int primary key);
create index t_v on t (v);
drop view w;
reset session_replication_role;
alter table t add column loud int;
-- @@ c client=script
set session_replication_role = replica;
alter table t add column quiet2 int;
create function f() returns int language sql as 'select 1';
set session_replication_role = origin;
alter table t add column loud2 int;
-- @@ d
alter table hidden add column v text;
create view w as select id, loud from t;
