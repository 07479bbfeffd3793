-- @server 15
-- @strict
-- trusted extensions moved to another schema, and dropped with what uses them: the role that made them does not own their parts
-- @@ a client=script
create extension citext; create extension pg_trgm;
create table who (id int primary key, mail citext unique, name text);
create index who_trgm on who using gin (name gin_trgm_ops);
-- @@ b client=script
create schema ext;
alter extension citext set schema ext;
create table b_done (m ext.citext);
-- @@ c client=script
alter extension pg_trgm set schema ext;
create index b_trgm on b_done using gist (m ext.gist_trgm_ops);
-- @@ d client=script
drop extension pg_trgm cascade;
alter table who alter mail type text;
-- @@ e client=script
create view e_done as select mail from who;
