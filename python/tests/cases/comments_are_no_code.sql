-- what a comment says is no code, and one that a text makes shows nothing that had been there before: of all rows, that of
-- the block that reads rows is in doubt
-- @strict
-- @after select array_agg(new_definition like '%room text%') = '{t}' from pggit_audit.changes where origin = 'v1' and fidelity <> 'exact'
-- @@ first client=script
create function owner() returns text language sql stable as $$ select current_setting('clinic.owner', true) $$;
comment on function owner() is 'Whose visits a session may see. To alter it, call the desk.';
create table pet (id int primary key, owner text not null);
create table visit (id int primary key, pet_id int references pet, owner text);
comment on table visit is 'Each visit of a pet';
-- @@ second author=bob client=script
alter table visit add column paid boolean;
comment on column visit.paid is 'null: not known';
create index visit_by_owner on visit (lower(owner));
-- @@ third author=bob client=script
alter table visit add column seen_by text default current_user;
-- @@ fourth client=script
do $$ begin if not exists (select from pet) then alter table visit add column room text; else null; end if; end $$;
comment on column visit.room is 'which';
alter table pet add column born date;
