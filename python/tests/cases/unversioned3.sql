-- @strict
-- kinds that leave no row, and tables, views and indexes that need them: they come from the live catalog
-- @server 15
-- @@ a
create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table word (id int primary key, w text collate nocase, v text);
create schema s;
create collation s.other from "C";
create view by_other as select id, w collate s.other as w from word;
-- @@ b
create function same(a int, b int) returns boolean language sql immutable as 'select a = b';
create operator === (leftarg = int, rightarg = int, function = same);
create view eq as select id from word where id === 3;
-- @@ c
create text search configuration plain (copy = simple);
create index word_fts on word using gin (to_tsvector('plain', w));
-- @@ d
create type pair as (a int, b int);
create function pair_text(pair) returns text language sql immutable as $$ select ($1).a::text $$;
create cast (pair as text) with function pair_text(pair);
create table pairs (p pair);
create index pairs_p on pairs (pair_text(p));
create view pair_texts as select p::text as t from pairs;
create view pair_casts as select cast(p as text) as t from pairs;
