-- an index that is built, or dropped, beside the database's work takes transactions of its own: they are no trace of the
-- function that goes without a row, later
-- @strict
-- @@ first
create table pet (id int, name text, born date, kept boolean);
-- @@ second
create function age(date) returns int language sql as $$ select 1 $$;
-- @@ third
create index concurrently pet_id on pet (id);
-- @@ fourth
create index concurrently pet_name on pet (name);
-- @@ fifth
create index concurrently pet_born on pet (born);
-- @@ sixth
drop index concurrently pet_name;
-- @@ seventh
alter table pet add column a int;
-- @@ eighth
drop function age(date);
-- @@ ninth
alter table pet add column b int;
-- @@ tenth
alter table pet add column c int;
