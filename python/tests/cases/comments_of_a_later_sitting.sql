-- comments in the migration that made what they are on, and a migration later
-- @@ a
create table t (id int primary key);
create view v as select id from t;
comment on view v is 'a view';
comment on table t is 'a table';
-- @@ b
alter table t add column m int;
-- @@ c
create view w as select id from t;
-- @@ d
comment on view w is 'later';
-- @@ e
create index on t (m);
-- @@ f
create function f() returns int language sql as 'select 1';
grant select on t to public;
comment on function f() is 'later';
comment on index t_m_idx is 'later';
-- @@ g
alter table t add column n int;
