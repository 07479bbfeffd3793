-- an index on columns of a table that is older than the tracker, and lives: what kind of table it is, its oid says
-- @after select count(*) = 1 and bool_and(fidelity = 'exact') from pggit_audit.changes where origin = 'v1' and object_type = 'INDEX' and object_name = 'Pet_ownerId_idx'
-- @after select bool_and(fidelity = 'repaired') from pggit_audit.changes where origin = 'v1' and object_type = 'INDEX' and object_name <> 'Pet_ownerId_idx'
-- @@ setup
create table "Pet" (id int primary key, "ownerId" int);
create table "Vet" (id int primary key, "petId" int);
-- @@ first
alter table "Pet" add column born date;
alter table "Vet" add column born date;
-- @@ second
create index "Pet_ownerId_idx" on "Pet" ("ownerId");
create index "Vet_petId_idx" on "Vet" ("petId");
-- @@ third
drop table "Vet";
