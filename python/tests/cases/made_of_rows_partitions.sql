-- partitions that a loop over lost rows makes, with keys, indexes and bounds
-- @strict
-- @@ first setup
create table months (of date primary key);
insert into months values ('2026-01-01'), ('2026-02-01');
create table ev (id bigint not null, at date not null, note varchar(30), primary key (id, at)) partition by range (at);
create function make_parts() returns void language plpgsql as $$
declare r record;
begin
  for r in select of from months loop
    execute format('create table %I partition of ev for values from (%L) to (%L)', 'ev_' || to_char(r.of, 'YYYYMM'), r.of, r.of + interval '1 month');
    execute format('create index %I on %I (note)', 'ev_' || to_char(r.of, 'YYYYMM') || '_note', 'ev_' || to_char(r.of, 'YYYYMM'));
  end loop;
end $$;
-- @@ second
select make_parts();
-- @@ third
create table t (id int);
