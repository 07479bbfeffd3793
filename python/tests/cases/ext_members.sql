-- what an extension brings leaves rows of its own: functions, views, tables with their indexes; the statements beside it leave theirs
-- @server 15
-- @@ a client=script
create table before (id int primary key);
create extension pg_stat_statements;
create function own(a int) returns int language sql as 'select a';
create view mine as select id from before;
create table after (id int primary key);
-- @@ b
create extension hstore;
create table h (id int, tags hstore);
-- @@ c client=script
create extension if not exists pg_trgm; create index before_x on before (id); create function own2() returns int language sql as 'select 1';
-- @@ build
-- @@ d
alter table h add column n int;
drop extension hstore cascade;
