-- an extension moves to another schema, and back, without a row: what names it there finds it, and no type is made up
-- @server 15
-- @@ first
create schema ext;
create extension citext;
create extension hstore;
create table t (id int, a citext, h hstore);
-- @@ moved
alter extension citext set schema ext;
alter extension hstore set schema ext;
-- @@ third
create table u (id int, a ext.citext);
create function f(ext.citext) returns text language sql as 'select $1::text';
create index on t using gist (h ext.gist_hstore_ops);
-- @@ back
alter extension citext set schema public;
-- @@ fifth
create view v as select a::citext as b from u;
alter table u add column c public.citext;
