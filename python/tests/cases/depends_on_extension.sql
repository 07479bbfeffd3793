-- @strict
-- @server 15
-- what depends on an extension goes with it
-- @@ a client=script
create schema x; create extension citext schema x; create extension hstore;
create table t (id int primary key, v x.citext);
create index t_v on t (v);
create function f() returns int language sql as 'select 1';
create procedure p() language sql as 'select 1';
create function tg() returns trigger language plpgsql as 'begin return new; end';
create trigger tr before insert on t for each row execute function tg();
create materialized view m as select id from t;
-- @@ b client=script
alter index t_v depends on extension citext;
alter index t_pkey depends on extension hstore;
alter function f() depends on extension citext;
alter procedure p() depends on extension hstore;
alter trigger tr on t depends on extension hstore;
alter materialized view m depends on extension citext;
create table b (id int);
-- @@ build
-- @@ c client=script
alter index t_pkey no depends on extension hstore;
alter function f() depends on extension hstore;
alter trigger tr on t no depends on extension hstore;
create table c (id int);
-- @@ d client=script
alter table t drop column v; drop materialized view m; alter function f() no depends on extension citext; drop extension citext;
create table d (id int);
