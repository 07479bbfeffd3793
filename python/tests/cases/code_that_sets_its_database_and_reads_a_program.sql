-- @strict
-- code that sets something of its database, and reads a file, and makes things
-- @@ a author=alice client=script
create table a (id int primary key, v text);
-- @@ b author=bob
do $$
begin
  execute format('alter database %I set timezone to ''UTC''', current_database());
  if not exists (select from information_schema.columns where table_name = 'a' and column_name = 'w') then
    alter table a add column w int;
    create table c (id int primary key);
  end if;
  copy c from program 'echo 1';
end $$;
-- @@ c author=bob
alter table a add column later int;
