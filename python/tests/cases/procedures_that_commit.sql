-- procedures that commit between what they make
-- @strict
-- @@ a
create table base (id int primary key);
create procedure grow(n int) language plpgsql as $$ begin
  for i in 1..n loop
    execute format('create table part_%s (id int primary key)', i);
    execute format('alter table part_%s add column v text', i);
    commit;
    execute format('create index part_%s_v on part_%s (v)', i, i);
  end loop;
  alter table base add column grown int;
end $$;
-- @@ b
call grow(3);
-- @@ c
do $$ begin
  create table q1 (id int);
  commit;
  create table q2 (id int);
  rollback;
  create table q3 (id int);
end $$;
alter table part_2 add column w int;
-- @@ d client=script
create table r1 (id int);
commit;
create table r2 (id int);
begin;
create table r3 (id int);
rollback;
create table r4 (id int);
-- @@ e
alter table q3 add column x int;
alter table r4 add column x int;
-- @events public.part_2 = CREATE ALTER ALTER
-- @events public.q1 = CREATE
-- @@ f
create procedure again() language plpgsql as $$ begin
  drop table if exists stage;
  create table stage (id int);
  commit;
  alter table stage add column v text;
  commit;
  create index on stage (v);
end $$;
-- @@ g
call again();
call again();
-- @@ h
alter table stage add column w int;
-- @@ i client=sessions
-- > alice script
do $$ begin
  create table s1 (id int);
  commit;
  perform pg_sleep(1);
  alter table s1 add column v text;
  commit;
  create table s2 (id int);
end $$;
-- > bob
create table beside (id int);
-- @@ j
alter table s1 add column w int;
-- @events public.s1 = CREATE ALTER ALTER
-- @after select count(*) = 1 from pggit_audit.changes where object_identity = 'public.r4' and change_type = 'CREATE' and fidelity = 'exact'
