-- all that can be moved to another schema, in one text, and others under the names that became free
-- @strict
-- @@ a client=script
create schema s1; create schema s2;
create table s1.t (id serial primary key, e int unique, r int references s1.t);
create index t_r on s1.t (r);
create function s1.f() returns int language sql as 'select 1';
create type s1.ty as enum ('a');
-- @@ b client=script
alter table s1.t set schema s2;
alter function s1.f() set schema s2;
alter type s1.ty set schema s2;
create table s1.t (id int primary key);
-- @@ c client=script
alter table s2.t add column y s2.ty;
alter table s1.t add column x int;
-- @@ d client=script
drop schema s1 cascade;
create schema s1;
create table s1.t (other int primary key);
create function s1.f() returns text language sql as $$ select 'x' $$;
-- @@ e client=script
alter table s1.t add column z int;
alter table s2.t add column z int;
