-- code makes a trigger, whose function asks the clock and the rows: it does not run where no row changes
-- (nothing tells that it was not there before: so the trigger is in the way of the code)
-- @@ one
create table account (id int primary key, mail text);
create table paper (id int primary key);
create function stamp() returns trigger language plpgsql as $$
begin
  new.changed_at = now();
  new.changed_by = (select max(id) from account);
  return new;
end $$;
create function add_stamps(t text) returns void language plpgsql as $$
begin
  execute 'alter table ' || t || ' add changed_at timestamptz not null default now(), add changed_by int';
  execute 'create index ' || t || '_changed_idx on ' || t || ' (changed_at)';
  execute 'create trigger stamps before insert or update on ' || t || ' for each row execute function stamp()';
end $$;
-- @@ two
select add_stamps('paper');
-- @after select fidelity = 'exact' from pggit_audit.changes where origin = 'v1' and object_name = 'paper_changed_idx'
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'depends_on_data'
