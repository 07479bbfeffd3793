-- a trigger and a policy are dropped and made again otherwise, in texts without a row: the ids of the living ones tell when
-- @strict
-- @@ first client=script
create table pet (id int primary key, name text, owner text);
alter table pet enable row level security;
create function note() returns trigger language plpgsql as $$begin return new; end$$;
create trigger noted before insert or update on pet for each row execute function note();
create policy "Own" on pet for select using (owner = current_user);
-- @@ second
create table vet (id int);
-- @@ third client=script
drop trigger noted on pet;
create trigger noted before insert or update of name on pet for each row execute function note();
-- @@ fourth
create table food (id int);
-- @@ fifth client=script
drop policy "Own" on pet;
create policy "Own" on pet for select using (owner = session_user);
-- @@ sixth
create table toy (id int);
