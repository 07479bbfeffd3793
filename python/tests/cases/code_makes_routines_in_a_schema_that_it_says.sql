-- code makes routines in a schema that it says; what the text makes without one is in public
-- @strict
-- @@ a client=script
create schema app;
create table person (id int primary key, name text);
-- @@ b client=script
create type token as (id int, name text);
do $$ begin
  if not exists (select from pg_proc where proname = 'token_of') then
    create function app.token_of(p person) returns int language sql stable as 'select p.id';
  end if;
end $$;
create domain label as text;
-- @@ c client=script
create domain other as text;
do $$ declare n text; begin
  foreach n in array array['one', 'two'] loop
    execute format('create function app.%I(p person) returns int language sql stable as ''select p.id''', n);
  end loop;
end $$;
create function f(l other) returns label language sql as 'select l::text::label';
