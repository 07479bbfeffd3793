-- @strict
-- one query calls a function that makes a table and an index, once for each name of a list
-- @@ a client=script
create schema part;
create function part.make(name text) returns void language plpgsql as $f$
begin
  execute format('create table part.%I (id int primary key, at date not null)', name);
  execute format('create index %I on part.%I (at)', name || '_at', name);
end $f$;
-- @@ b client=script
select part.make(x) from unnest(array['red', 'green', 'blue']) as x;
-- @@ c client=script
alter table part.green add column n int;
-- @@ d
drop table part.red;
