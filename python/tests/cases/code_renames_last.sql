-- a block renames a column as the last thing that it does to a table
-- @strict
-- @@ a
create table t (id int primary key, a text, b text);
create table u (id int primary key, a text);
-- @@ b
do $$ begin
  execute format('alter table %I rename to %I', 't', 'tt');
  execute format('alter table %I rename column %I to %I', 'tt', 'a', 'alpha');
  execute format('alter table %I add column %I int', 'u', 'n');
  execute format('alter table %I rename column %I to %I', 'u', 'a', 'alpha');
  create view v as select alpha from tt;
end $$;
-- @@ c
alter table tt add column x int;
alter table u add column x int;
-- @@ d
do $$ begin
  alter table tt add column y int;
  alter table tt rename column b to beta;
end $$;
-- @@ e
alter table tt add column z int;
