-- the tracker is off while a table gets columns; the next statements on it say nothing of these
-- @@ a author=alice client=script
create domain money as numeric(12, 2) check (value >= 0);
create table a (id int primary key, v text);
create table gone (id int primary key, v text);
create table "Q" (id int primary key);
-- @@ b author=bob
do $$
begin
  set local session_replication_role = 'replica';
  alter table a add column w int not null default 3;
  alter table a add column price money default 0;
  alter table gone add column w numeric(10, 2);
  alter table gone add column s text collate "C";
  create index a_w on a (w);
end $$;
-- @@ c author=bob
alter table a add column later int, add column latest int;
-- @@ d author=bob
alter table gone add column later int;
-- @@ e author=bob
alter table gone drop column v;
-- @@ f author=bob
drop table gone;
