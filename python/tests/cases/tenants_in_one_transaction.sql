-- the same statements for one schema after the other, in one transaction
-- @strict
-- @@ a client=psql1
create schema t1;
create schema t2;
create schema t3;
set search_path = t1;
create table widget (id int primary key, name text);
create function f() returns int language sql as 'select 1';
set search_path = t2;
create table widget (id int primary key, name text);
create function f() returns int language sql as 'select 1';
set search_path = t3;
create table widget (id int primary key, name text);
create function f() returns int language sql as 'select 1';
-- @@ b client=psql1
set search_path = t1;
alter table widget add column price numeric(8,2) not null default 0;
set search_path = t2;
alter table widget add column price numeric(8,2) not null default 0;
set search_path = t3;
alter table widget add column price numeric(8,2) not null default 0;
-- @@ c client=psql1
set search_path = t1;
create index on widget (name);
set search_path = t2;
create index on widget (name);
-- @@ d client=psql1
set search_path = t1;
create view cheap as select id, name from widget where price < 1;
set search_path = t3;
create view cheap as select id, name from widget where price < 1;
-- @@ e client=psql1
set search_path = t1;
drop view cheap;
set search_path = t3;
drop view cheap;
-- @@ f client=psql1
set search_path = t1;
alter table widget add constraint positive check (price >= 0);
set search_path = t2;
alter table widget add constraint positive check (price >= 0);
-- @@ g client=psql1
set search_path = t1;
alter table widget add column kind text;
set search_path = t2;
alter table widget add column kind text;
-- @@ h client=sessions
-- > alice
begin;
set search_path = t1;
-- > alice script
create table label (id int primary key, name text); create index label_name on label (name);
-- > alice
set search_path = t2;
-- > alice script
create table label (id int primary key, name text); create index label_name on label (name);
-- > alice
commit;
-- @@ i
alter table t2.label add column kind text;
-- @after select count(*) = 0 from pggit_audit.repairs where rule in ('table_from_columns', 'added_column', 'unexplained_row')
