-- triggers and a policy that come in the transaction that adds a column to their table, on what is older: nothing was there before
-- @strict
-- @@ a
create function touch() returns trigger language plpgsql as 'begin return new; end';
create table a (id int primary key, n text); create table b (id int primary key, n text);
alter table b enable row level security;
create table c (id int primary key, n text);
-- @@ b client=psql1
alter table a add column updated_at timestamptz;
create trigger touch before update on a for each row execute function touch();
-- @@ c client=psql1
alter table b add column updated_at timestamptz;
create trigger touch before update of n on b for each row when (old.n is distinct from new.n) execute function touch();
create policy own on b using (id > 0);
-- @@ d client=script
do $$ declare t text; begin foreach t in array array['c'] loop
execute format('alter table %I add column seen_at timestamptz', t); execute format('create trigger touch before update on %I for each row execute function touch()', t);
end loop; end $$;
-- @@ e
alter table c add column last int;
