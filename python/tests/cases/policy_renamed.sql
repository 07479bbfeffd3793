-- a policy that a later text renames: the live one was not there before
-- @strict
-- @@ a client=script
create table t (id int primary key, a text);
create policy p1 on t for select using (a = current_user);
alter table t enable row level security, force row level security;
-- @@ b client=script
alter policy p1 on t using (a = session_user) ;
create policy p2 on t as restrictive for update to public using (true) with check (a <> '');
alter table t add column b int;
-- @@ c client=script
alter policy p1 on t rename to p9;
drop policy p2 on t;
alter table t no force row level security;
alter table t add column c int;
-- @@ d client=script
create publication pub for table t (id, a) where (id > 5);
alter table t add column d int;
