-- a block makes functions whose names are not in the order in which it makes them; later rows have their oids
-- @strict
-- @@ first client=script
create table pet (id int primary key, name text);
do $$
begin
  if exists (select 1 from information_schema.tables where table_name = 'pet') then
    create function slug_of(name text) returns text language sql as 'select lower($1)';
    create function made_of(name text) returns text language sql as 'select upper($1)';
    create function a_count(n int) returns int language sql as 'select $1';
  end if;
end;
$$;
-- @@ second
create or replace function slug_of(name text) returns text language sql as 'select lower(trim($1))';
-- @@ third
create or replace function a_count(n int) returns int language sql as 'select $1 + 1';
-- @@ fourth
create or replace function made_of(name text) returns text language sql as 'select upper(trim($1))';
