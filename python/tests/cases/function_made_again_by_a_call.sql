-- @strict
-- an audit generator: for each table an audit table, a function and a trigger, made anew when the table changes
-- @@ a
create schema audit;
create table emp (id int primary key, nm text);
create function audit.attach(t text) returns void language plpgsql as $f$ begin
 execute format('drop table if exists audit.%I', t);
 execute format('create table audit.%I (like public.%I, changed_at timestamptz not null default now(), op "char")', t, t);
 execute format('create or replace function audit.%I() returns trigger language plpgsql as $x$ begin insert into audit.%I select old.*, now(), left(tg_op, 1); return null; end $x$', 'log_' || t, t);
 execute format('drop trigger if exists audit on public.%I', t);
 execute format('create trigger audit after update or delete on public.%I for each row execute function audit.%I()', t, 'log_' || t);
end $f$;
-- @@ b
select audit.attach('emp');
-- @@ c
alter table emp add column age int;
select audit.attach('emp');
-- @@ d
create table "Dep" (id int primary key);
select audit.attach('Dep');
alter table emp drop column nm;
select audit.attach('emp');
-- @@ e
alter table "Dep" add column z int;
