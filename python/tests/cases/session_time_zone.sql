-- what a session with another time zone or DateStyle made of a literal: v1 keeps neither, and the objects are gone by now
-- @@ a
create table m (at timestamptz not null, v int) partition by range (at);
create table t (id int primary key, at timestamptz, on_day date);
-- @@ b
set timezone = 'America/New_York';
create table m_1 partition of m for values from ('2024-01-01') to ('2024-02-01');
alter table t add constraint recent check (at > '2020-01-01');
create view v as select id from t where at > '2021-01-01';
create index i on t (id) where at > '2022-01-01';
-- @@ c
set datestyle = 'ISO, DMY';
alter table t add constraint newer check (on_day > '01/02/2024');
-- @@ d
drop table m_1;
alter table t drop constraint recent;
alter table t drop constraint newer;
drop view v;
drop index i;
