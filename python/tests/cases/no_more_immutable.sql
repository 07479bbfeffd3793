-- @strict
-- functions that an index, a key or a generated column calls are replaced, and say no more that they are immutable
-- @@ a client=script
create function canon(text) returns text language sql immutable as $$ select replace(lower($1), '-', '_') $$;
create function weight(n int) returns int language plpgsql immutable strict as $$ begin return n * 2; end $$;
create table crate (id int primary key, name text, n int, w int generated always as (weight(n)) stored);
create unique index crate_name on crate (canon(name));
create table part (n int) partition by range (weight(n));
-- @@ b client=script
create or replace function canon(text) returns text language sql as $$ select replace(lower($1), '-', '_') $$;
create or replace function weight(n int) returns int language plpgsql stable as $$ begin return n * 3; end $$;
-- @@ c
alter table crate add column z int;
-- @@ d client=script
create or replace function canon(text) returns text language sql volatile as $$ select upper($1) $$;
alter table crate add column y int default weight(1);
