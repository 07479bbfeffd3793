-- tables that a loop over lost rows makes, of which a text and another loop drop some: they were as those that live
-- @strict
-- @@ first setup
create table months (of date primary key);
insert into months values ('2026-01-01'), ('2026-02-01'), ('2026-03-01'), ('2026-04-01');
create table kinds (id int primary key);
create function make_months() returns void language plpgsql as $$
declare r record; t text;
begin
  for r in select of from months order by of loop
    t := 'ev_' || to_char(r.of, 'YYYYMM');
    continue when to_regclass(t) is not null;
    execute format('create table %I (id bigint primary key, kind int references kinds, note varchar(30) not null check (note <> ''''), size numeric(8,2), unique (kind, size))', t);
    execute format('create index on %I (note, size desc)', t);
    execute format('create index %I on %I (lower(note))', t || '_lower', t);
  end loop;
end $$;
create function drop_a_month() returns void language plpgsql as $$
declare r record;
begin
  for r in select of from months order by of limit 1 loop
    execute format('drop table %I', 'ev_' || to_char(r.of, 'YYYYMM'));
    delete from months where of = r.of;
  end loop;
end $$;
-- @@ second
select make_months();
-- @@ third
create table t (id int);
-- @@ fourth
drop table ev_202602;
-- @@ fifth
select drop_a_month();
-- @@ sixth
create table u (id int);
