-- @strict
-- code that calls what only a superuser may, and makes things
-- @@ a author=alice client=script
create table a (id int primary key, v text);
-- @@ b author=bob
do $$
declare x text;
begin
  perform pg_reload_conf();
  x := current_setting('data_directory');
  perform set_config('session_replication_role', 'replica', true);
  alter table a add column w int;
  create table c (id int primary key);
  perform pg_stat_reset();
end $$;
-- @@ c author=bob
alter table a add column later int;
