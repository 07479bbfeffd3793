-- names and bounds made by the clock of kinds that leave no row: a build on any day makes the same ones
-- @clock
-- @noextra
-- @@ a client=script
create table log (at timestamp not null, kind text) partition by range (at);
create function stamp() returns text language plpgsql as $f$ begin return to_char(statement_timestamp(), 'YYYYMMDDHH24MISS') || '\d'; end $f$;
-- @@ b client=script
do $$
begin
  execute format('create type %I as enum (%L)', 'kind_' || to_char(now(), 'YYYYMMDDHH24MISS'), localtimestamp(0));
  execute format('create sequence %I', 'n_' || to_char(current_timestamp, 'HH24MISS'));
  execute format('create table %I partition of log for values from (%L) to (%L)', 'log_part', localtimestamp, localtimestamp + interval '1 second');
  create table made (id int, at timestamptz default now(), d date default current_date);
  alter table made add column later timestamptz default clock_timestamp();
end $$;
-- @@ c client=script
do $$
begin
  execute format('create sequence %I', 'of_function_' || stamp());
  execute format('alter table made add constraint %I check (id > 0)', 'c_' || stamp());
end $$;
-- @@ d client=script
create table more partition of log for values from (localtimestamp + interval '1 day') to (localtimestamp + interval '2 days');
-- @@ e
create table done (id int);
