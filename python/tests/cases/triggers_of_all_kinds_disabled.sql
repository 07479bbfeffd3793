-- @strict
-- triggers of all kinds are disabled and enabled again around a change of data, which only a superuser may
-- @@ a author=alice client=script
create table a (id int primary key, v text);
create table b (id int primary key, a_id int references a);
create function stamp() returns trigger language plpgsql as 'begin new.v := upper(new.v); return new; end';
create trigger stamp before insert on a for each row execute function stamp();
-- @@ b author=bob
alter table b disable trigger all;
-- @@ c author=bob
alter table a disable trigger all;
-- @@ d author=bob
alter table b enable trigger all;
-- @@ e author=bob client=script
begin;
alter table a enable trigger all;
alter table a add column w int;
commit;
-- @@ f author=bob
do $$ begin
  if exists (select from pg_class where relname = 'b') then
    alter table b disable trigger all;
    alter table a disable trigger all;
    update b set a_id = null;
    alter table b add column moved int;
    alter table a enable trigger all;
    alter table b enable trigger all;
  end if;
end $$;
-- @@ g author=bob
alter table b add column later int;
