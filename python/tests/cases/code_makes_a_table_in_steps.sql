-- @strict
-- a function makes a table, changes its types and defaults several times, renames a column, adds a key; called for two tables
-- @@ a
create function build(n text) returns void language plpgsql as $$ begin
  execute format('create table %I (id int, v varchar(10), w int default 1)', n);
  execute format('alter table %I alter column v type text', n);
  execute format('alter table %I alter column w drop default', n);
  execute format('alter table %I rename column w to weight', n);
  execute format('alter table %I alter column weight set not null', n);
  execute format('alter table %I add primary key (id)', n);
  execute format('create index on %I (weight)', n);
end $$;
-- @@ b
select build('one');
-- @@ c
select build('Two'), build('three');
-- @@ d
alter table one add column x int; alter table "Two" add column x int; alter table three add column x int;
