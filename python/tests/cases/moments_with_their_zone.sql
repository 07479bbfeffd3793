-- moments that a text writes with their zone, in a text that sets it, or that the live object has, are certain
-- @strict
-- @@ a
create table t (id int primary key, at timestamptz default '2019-01-01', day date);
create table m (at timestamptz not null) partition by range (at);
create table m_1 partition of m for values from ('2024-01-01') to ('2024-02-01');
-- @@ b
alter table t add constraint recent check (at > '2020-01-01 00:00:00+00');
create view v as select id from t where at > '2021-01-01T10:00:00Z' and day > '2024-01-02';
-- @@ c client=script
set timezone = 'UTC';
create view w as select id from t where at > '2021-01-01 10:00';
-- @@ d
alter table t drop constraint recent;
drop view v;
drop view w;
