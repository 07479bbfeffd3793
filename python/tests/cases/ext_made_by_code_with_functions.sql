-- code makes an extension and, behind it, functions of the team's: which rows are the extension's, the oids tell
-- @server 15
-- @strict
-- @@ a client=script
create table team (id int primary key, name text not null);
-- @@ b client=script
do $$
begin
  if not exists (select 1 from information_schema.columns where table_name = 'team' and column_name = 'slug') then
    alter table team add column slug text;
    create extension if not exists unaccent;
    create or replace function slug_of(name text) returns text as $f$
    begin
      return lower(unaccent(name));
    end;
    $f$ language plpgsql;
    create or replace function set_slug() returns trigger as $f$
    begin
      new.slug := slug_of(new.name);
      return new;
    end;
    $f$ language plpgsql;
    alter table team alter column slug set not null;
  end if;
end;
$$;
-- @@ c
alter table team add column note text;
-- @@ d
create or replace function slug_of(name text) returns text as $f$
begin
  return lower(unaccent(trim(name)));
end;
$f$ language plpgsql;
