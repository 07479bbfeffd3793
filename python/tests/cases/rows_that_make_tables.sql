-- rows that are inserted make tables, by a trigger
-- @strict
-- @@ a
create table log (id int, day int, note text);
create function log_insert() returns trigger language plpgsql as $$
begin
  if to_regclass('log_' || new.day) is null then
    execute format('create table log_%s (check (day = %s)) inherits (log)', new.day, new.day);
    execute format('create index log_%s_id on log_%s (id)', new.day, new.day);
  end if;
  execute format('insert into log_%s select ($1).*', new.day) using new;
  return null;
end $$;
create trigger log_t before insert on log for each row execute function log_insert();
-- @@ b
insert into log values (1, 1, 'a');
insert into log values (2, 1, 'b'), (3, 2, 'c');
-- @@ c client=psql1
insert into log select i, i, 'x' from generate_series(3, 5) as i;
insert into log select i, i, 'x' from generate_series(5, 6) as i;
-- @@ e
alter table log add column v text;
drop table log_1;
insert into log values (1, 1, 'a');
-- @@ f client=script
insert into log values (1, 9, 'a'); insert into log values (1, 10, 'a');
-- @@ g
alter table log_9 add column w text;
