-- kinds without a definition of their own, and tables, views and indexes that use them; then a second build
-- @server 15
-- @@ a
create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table word (id int primary key, w text collate nocase, v tsvector);
create function same(a int, b int) returns boolean language sql immutable as 'select a = b';
create operator === (leftarg = int, rightarg = int, function = same);
create view eq as select id from word where id === 3;
create text search configuration simple2 (copy = simple);
create index word_fts on word using gin (to_tsvector('simple2', w));
-- @@ b
create rule no_del as on delete to word do instead nothing;
create statistics word_st (dependencies) on id, w from word;
create extension postgres_fdw;
create server far foreign data wrapper postgres_fdw options (host 'x');
create foreign table far_t (id int) server far;
create view far_v as select id from far_t;
create publication pub for table word;
-- @@ c
create type pair as (a int, b int);
create function pair_text(pair) returns text language sql immutable as $$ select 'p' $$;
create cast (pair as text) with function pair_text(pair);
create table pairs (p pair, t text generated always as ('x') stored);
create text search dictionary dic (template = simple);
create conversion conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create operator family ofam using btree;
create user mapping for bob server far;
create foreign data wrapper lone;
-- @@ build
-- @@ d
alter table word add column extra int;
alter table pairs add column q int;
