-- @strict
-- code that sets what only a superuser may, and makes things
-- @@ a author=alice client=script
create table a (id int primary key, v text);
-- @@ b author=bob
do $$
declare r record;
begin
  set local lock_timeout = '5s';
  set local session_replication_role = 'origin';
  set local log_statement = 'none';
  perform pg_catalog.set_config('session_replication_role', 'origin', true);
  for r in select generate_series(1, 2) as n loop
    execute format('create table part_%s (id int primary key)', r.n);
    execute format('alter table part_%s disable trigger all', r.n);
  end loop;
  execute 'set local session_replication_role = ''origin''';
  alter table a add column w int;
  alter table a disable trigger all, add column u int;
  alter table a enable trigger all;
end $$;
-- @@ c author=bob
alter table a add column later int;
