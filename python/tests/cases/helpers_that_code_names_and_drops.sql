-- code makes the tables that rows name, with routines whose names it puts together and which it drops when they have served;
-- an array is recorded by the name that comes with its elements' type
-- @@ first
create table todo (name text, done boolean not null default false);
create domain hash as bytea check (length(value) = 32);
-- @@ helpers
create function make_crates() returns void language plpgsql as $$
begin
  execute format('create table %s (id bigint primary key, hashes hash[] not null)', 'crates');
end $$;
create function bind_crates() returns void language plpgsql as $$
begin
  execute 'alter table crates add constraint crates_hashes_key unique (hashes)';
end $$;
-- @@ rows
insert into todo values ('crates');
-- @@ other
create table racks (id int primary key);
-- @@ setup_code
create function make_all() returns void language plpgsql as $$
declare r record;
begin
  for r in select name from todo where not done loop
    execute format('select make_%s()', r.name);
    execute format('select bind_%s()', r.name);
    execute format('drop function make_%s()', r.name);
    execute format('drop function bind_%s()', r.name);
  end loop;
  update todo set done = true;
end $$;
-- @@ call
select make_all();
-- @@ end
alter table racks add column note text;
-- @@ last
alter table racks add column other text;
-- @after select count(*) = 0 from pggit_audit.changes where object_identity like '%\_hash'
-- @after select count(distinct commit_sha) = 1 from pggit_audit.changes where change_type = 'DROP' and object_identity ~ '(make|bind)_crates'
-- @after select bool_and(d.event_no > t.event_no) from pggit_audit.changes as d, pggit_audit.changes as t where d.change_type = 'DROP' and d.object_identity ~ '(make|bind)_crates' and t.object_identity = 'public.crates' and t.change_type = 'CREATE'
