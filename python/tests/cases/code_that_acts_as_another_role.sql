-- code that acts as another role while it makes things, and gives back what it took
-- @@ a author=alice client=script
do $$ begin create role p5_deploy nologin; exception when duplicate_object then null; end $$;
grant p5_deploy to current_user;
grant create on schema public to p5_deploy;
do $$
begin
  set local role p5_deploy;
  create table a (id int primary key);
  create table b (id int primary key, a_id int references a);
  reset role;
  comment on table a is 'made by deploy';
end $$;
-- @@ b author=bob
do $$ begin execute 'set local role p5_deploy'; create view va as select id from a; execute 'reset role'; exception when others then raise; end $$;
-- @@ c author=bob
alter table b add column v text;
