-- @strict
-- policies for roles, some in code; the role is still there, and another one is gone
-- @@ a author=alice client=script
do $$ begin create role p4_app nologin; exception when duplicate_object then null; end $$;
create table notes (id int primary key, owner text);
alter table notes enable row level security;
create policy own on notes for select to p4_app using (owner = current_user);
do $$ begin
  if not exists (select from pg_policies where policyname = 'all_of_it') then
    create policy all_of_it on notes to p4_app using (true) with check (owner is not null);
  end if;
end $$;
-- @@ b author=bob
do $$ begin create table tags (id int primary key); alter table tags enable row level security; execute 'create policy readers on tags for select to p4_app using (true)'; grant select on tags to p4_app; end $$;
-- @@ c author=bob
alter policy own on notes using (owner = session_user);
-- @@ d author=bob
alter table notes add column v text;
