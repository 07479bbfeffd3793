-- what a session has of its own stays behind a transaction with a setting of its own
-- @strict
-- @@ a client=script
begin;
set local statement_timeout = '1min';
create temp table helper (id int, name text);
create function pg_temp.widen(t text) returns void language plpgsql as $$ begin execute format('alter table %I add column w int', t); end $$;
create table base (id int primary key);
commit;
create table made as select id, name from helper;
select pg_temp.widen('made');
create table last (id int primary key);
do $$ begin perform pg_temp.widen('last'); perform pg_temp.widen('base'); end $$;
-- @@ b
alter table made add column x int;
