-- a helper that looks at a row first runs all of its branch or nothing of it: the rows of its call show which; what it
-- made is as certain as if a client had sent it
-- @strict
-- @@ first
create table version (stage int not null);
-- @@ second author=bob
insert into version values (1);
create function migrate() returns void as $$
declare
  next_version int ;
begin
  select stage + 1 into next_version from version ;
  if next_version = 2 then
    execute 'CREATe TABLE "pet"("id" serial8 primary key unique,"name" varchar not null)' ;
    execute 'alter table "pet" add constraint "unique_pet" unique("name")' ;
    execute 'create table tag (id serial8 primary key, pet_id int8 not null)' ;
    execute 'alter table tag add constraint tag_pet_id_fkey foreign key (pet_id) references pet (id) on delete cascade' ;
    update version set stage = next_version ;
    raise notice 'now at %', next_version ;
  end if ;
end ;
$$ language plpgsql ;
select migrate() ;
-- @@ third
create table toy (id int primary key, pet_id bigint references pet (id));
-- @@ fourth
create function rename() returns void as $$
begin
  if (select stage from version) = 2 then
    alter table toy rename to ball;
    alter sequence pet_id_seq rename to pet_ids;
    alter table ball rename constraint toy_pkey to ball_pkey;
  end if;
end ; $$ language plpgsql ;
select rename() ;
-- @@ fifth
alter table ball add column colour text;
-- @after select count(*) = 6 and bool_and(fidelity = 'exact') from pggit_audit.changes where object_name in ('pet', 'pet_pkey', 'unique_pet', 'tag', 'tag_pkey') and origin = 'v1'
