-- a function is leakproof, which only a superuser may say; an index and a view use it
-- @strict
-- @@ a
create function positive(i int) returns boolean language sql immutable leakproof as 'select i > 0';
create table t (id int primary key, n int, check (positive(n)));
create index t_pos on t ((positive(n)));
-- @@ b
create view v as select id from t where positive(n);
create function plain(i int) returns boolean language plpgsql immutable as 'begin return i > 0; end';
-- @@ c
alter function plain(int) leakproof;
-- @@ d
create or replace function positive(i int) returns boolean language sql immutable leakproof as 'select i > 1';
alter table t add column m int;
create function "leakproof"(leakproof int default 1) returns int language sql stable not leakproof as 'select leakproof';
