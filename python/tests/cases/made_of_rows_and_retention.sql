-- partitions that code makes of lost rows, and that retention drops month by month: they were as those that live
-- @@ first setup
create table months (of date primary key);
insert into months values ('2026-01-01'), ('2026-02-01');
create table ev (id bigint not null, at date not null, note varchar(30) not null, primary key (id, at)) partition by range (at);
create index ev_note on ev (note);
create function make_parts() returns void language plpgsql as $$
declare r record; t text;
begin
  for r in select of from months order by of loop
    t := 'ev_' || to_char(r.of, 'YYYYMM');
    continue when to_regclass(t) is not null;
    execute format('create table %I partition of ev for values from (%L) to (%L)', t, r.of, r.of + interval '1 month');
    execute format('create index %I on %I (at desc)', t || '_at', t);
  end loop;
end $$;
create function retain() returns void language plpgsql as $$
declare r record;
begin
  for r in select of from months order by of limit 1 loop
    execute format('drop table %I', 'ev_' || to_char(r.of, 'YYYYMM'));
    delete from months where of = r.of;
  end loop;
end $$;
-- @@ second
select make_parts();
-- @@ more
insert into months values ('2026-03-01');
select make_parts();
select retain();
-- @@ third
create table t (id int);
-- @@ again
insert into months values ('2026-04-01');
select make_parts();
select retain();
