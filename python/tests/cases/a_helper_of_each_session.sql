-- each session makes a helper of one name, calls it and drops it by a statement of its own, which leaves no row: it is
-- gone behind the session, and not only before the next one makes it
-- @strict
-- @@ first
create table version (stage int not null);
-- @@ second author=bob
create function migrate() returns void as $$
begin
  if (select count(*) from version) >= 0 then
    create table pet (id int primary key);
  end if;
end; $$ language plpgsql;
select migrate();
drop function migrate();
-- @@ third
create function migrate() returns void as $$
begin
  if (select count(*) from version) >= 0 then
    alter table pet add column name text;
  end if;
end; $$ language plpgsql;
select migrate();
drop function migrate();
-- @@ fourth
create table toy (id int primary key);
-- @@ fifth author=bob
create function migrate() returns void as $$
begin
  if (select count(*) from version) >= 0 then
    create table bowl (id int primary key);
  end if;
end; $$ language plpgsql;
select migrate();
drop function migrate();
-- @@ sixth
alter table toy add column size int;
