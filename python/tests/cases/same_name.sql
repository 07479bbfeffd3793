-- one name in several schemas, found through search_paths that the text sets
-- @@ a client=script
create schema s1; create schema s2;
set search_path = s1; create table item (id int primary key, n text); create function f() returns int language sql as 'select 1';
set search_path = s2, s1; create table item (id bigint primary key); create view iv as select * from item; create function f() returns text language sql as $$ select 'x' $$;
reset search_path; create table item (id smallint primary key);
-- @@ b client=script
set search_path to s2, public; alter table item add column two int; create index on item (two); create or replace view iv as select *, f() as ff from item;
-- @@ c
set search_path = s1;
alter table item add column one int;
create or replace function f() returns int language sql as 'select 11';
-- @@ d
alter table item add column pub int;
create view all_items as select i.id, s.one, t.two from item i, s1.item s, s2.item t;
drop function s1.f();
-- @@ e client=script expect_error
set local search_path = s2; drop view iv; drop table item; create table item (id int, anew int);
