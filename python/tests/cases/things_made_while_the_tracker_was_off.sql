-- @strict
-- things of all kinds come while the tracker is off
-- @@ a author=alice client=script
create table a (id int primary key, v text);
create view va as select id from a;
-- @@ b author=bob
create table b (id int primary key);
-- @@ c author=bob
do $$
begin
  set local session_replication_role = 'replica';
  create table c (id int primary key, v text default 'x');
  create index a_v on a (v);
  create view vc as select id, v from c;
  create function fc() returns int language sql as 'select 1';
  create function stamp() returns trigger language plpgsql as 'begin return new; end';
  create trigger stamp before insert on c for each row execute function stamp();
  create materialized view mc as select id from c;
  create index mc_id on mc (id);
  create table d (id int primary key, c_id int references c);
end $$;
-- @@ d author=bob
alter table b add column later int;
-- @@ e author=bob
create table e (id int primary key);
