-- @strict
-- a procedure, called, makes a table with its index; twice with other names
-- @@ a
create procedure make(n text) language plpgsql as $f$ begin execute format('create table %I (id int primary key, v text)', n); execute format('create index %I on %I (v)', n || '_v', n); end $f$;
create table base (id int);
-- @@ b
call make('one');
-- @@ c client=script
call make('two');
create table z (id int);
-- @@ d
alter table one add column x int;
alter table two add column y int;
