-- A text makes its objects in the tracker's schema, by its search_path: they are left out, and nothing of them is in public.
-- A trigger on a table of public is there all the same.
-- @strict
-- @noextra
-- @@ first
create table pet (id int primary key);
create function noted() returns trigger language plpgsql as 'begin return new; end';
-- @@ second client=script
set search_path to pggit, public;
create table food (id integer primary key, kind text);
create view foods as select 1 as one;
create function eat() returns int language sql as 'select 1';
create type taste as enum ('sweet');
create sequence meals;
create index food_kind on food (kind);
create trigger notes before insert on pet for each row execute function noted();
alter table pet add column born date;
reset search_path;
create table toy (id int);
-- @@ third client=script
set search_path to pggit, public;
create table food_of_all (id integer primary key);
-- @@ fourth
alter table pet add column died date;
