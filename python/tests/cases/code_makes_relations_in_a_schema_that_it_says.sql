-- code makes relations in a schema that it says; what the text makes without one is in public
-- @strict
-- @@ a client=script
create schema app;
create table person (id int primary key, name text);
-- @@ b client=script
create type token as (id int, name text);
do $$ declare n text; begin
  foreach n in array array['one', 'two'] loop
    execute format('create table %I.%I (id int primary key, person_id int references person)', 'app', n);
    execute format('create index on app.%I (person_id)', n);
  end loop;
end $$;
create domain label as text;
create table three (id int primary key, l label);
-- @@ c client=script
create domain other as text;
do $$ begin
  if not exists (select from pg_views where viewname = 'people') then
    create view app.people as select id, name::other from person;
  end if;
end $$;
create sequence counter;
alter table three add o other default nextval('counter');
