-- a loop over rows that the history does not have leaves a row before those of tables that the text moves and renames
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'reconcile'
-- @@ tables
create schema other;
create table kinds (name text);
insert into kinds values ('parts');
create table parts (id int primary key);
create table things (id int primary key, n text);
create table names (id int primary key, n text);
create view seen as select id from things;
-- @@ all client=script
do $$ declare k text; begin
  for k in select name from kinds loop execute format('alter table %I add column kind text', k); end loop;
end $$;
alter table things set schema other;
alter table names rename to labels;
alter table other.things add column m int;
create function one() returns int language sql as $$ select 1 $$;
-- @@ later
alter table parts add column at date;
alter table other.things add column k int;
alter table labels add column k int;
