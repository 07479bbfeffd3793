-- a publication of a schema's tables, which a build has published, and the schema gets another name
-- @strict
-- @@ one client=script
create schema app;
create table app.post (id int primary key);
create publication whole;
alter publication whole add tables in schema app;
-- @@ build
-- @@ two client=script
alter schema app rename to core;
alter table core.post add column n int;
-- @@ three client=script
alter publication whole drop tables in schema core;
create table core.more (id int);
