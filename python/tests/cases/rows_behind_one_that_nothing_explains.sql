-- a loop over rows that the history does not have leaves a row in the middle of a text: the functions behind it are there
-- @strict
-- @@ tables
create table kinds (name text);
insert into kinds values ('parts');
create table parts (id int primary key);
-- @@ all client=script
do $$ declare k text; begin
  for k in select name from kinds loop execute format('alter table %I add column kind text', k); end loop;
end $$;
create or replace function public.one(p int) returns int language sql as $$ select p $$;
create or replace function public.two(p int) returns int language sql as $$ select p + 1 $$;
create procedure public.three() language plpgsql as $$ begin null; end $$;
create view public.seen as select id from parts;
-- @@ gone client=script
drop function one(int);
drop function two(int);
drop procedure three();
alter table parts add column at date;
