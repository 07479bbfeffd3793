-- older tables: code looks the name of a foreign key up, takes it away and gives another: one was there
-- @strict
-- @@ before setup
create table people (id int primary key);
create table asks (id int primary key, mentor int not null references people on delete cascade,
  mentee int not null references people on delete cascade, other int not null references people on delete cascade);
create table more (id int primary key, who int not null references people on delete cascade);
-- @@ column
alter table asks add column at date;
alter table more add column at date;
-- @@ code
do $$
declare found text;
begin
  select conname into found from pg_constraint where conrelid = 'public.asks'::regclass and contype = 'f'
    and (select attname from pg_attribute where attrelid = conrelid and attnum = any(conkey) limit 1) = 'mentor';
  if found is not null then
    execute format('ALTER TABLE public.asks DROP CONSTRAINT %I', found);
    alter table public.asks alter column mentor drop not null;
    alter table public.asks add constraint asks_mentor_fkey foreign key (mentor) references public.people on delete set null;
  end if;
end $$;
-- @@ later
alter table asks add column n int;
