-- @strict
-- code that sets what only a superuser may, and makes things
-- @@ a author=alice client=script
create table a (id int primary key, v text);
-- @@ b author=bob
do $$
declare r record;
begin
  set local session_replication_role = 'replica';
  set local lock_timeout = '5s';
  for r in select generate_series(1, 2) as n loop
    execute format('create table part_%s (id int primary key)', r.n);
  end loop;
  alter table a add column w int;
end $$;
-- @@ c author=bob
alter table a add column later int;
