-- what leaves no row when it is renamed, or goes to another schema, goes on as what it was: its number tells
-- @strict
-- @@ a client=script
create schema ids;
create collation "natural" from "C";
create sequence ids.global increment by 10 minvalue 100 cache 5;
create procedure go(a int) language sql as 'select 1';
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0');
create text search configuration plain (parser = default);
create table doc (id bigint primary key default nextval('ids.global'), name text collate "natural", body text);
create statistics doc_st (ndistinct, dependencies) on name, body from doc;
create index doc_name on doc (name);
-- @@ b client=psql1
alter collation "natural" rename to sorted;
alter statistics doc_st rename to doc_stats;
alter procedure go(int) rename to run;
alter aggregate total(int) rename to "Summed";
alter text search configuration plain rename to simple_one;
alter table doc add column c int;
-- @@ c client=psql1
alter sequence ids.global rename to everything;
alter sequence ids.everything set schema public;
alter table doc alter column c type bigint;
-- @@ d
alter table doc add column e int;
