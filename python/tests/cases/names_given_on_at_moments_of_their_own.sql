-- columns give their names on, each in a migration of its own, before the next record of their table; one is quoted, and the
-- column that is gone by the end has a name that a text says
-- @strict
-- @@ a
create table base (id int primary key, a text, b int);
create table "Doc" ("id" serial primary key, "title" text);
create table "Page" ("id" serial primary key, "docId" int not null references "Doc" on delete cascade);
-- @@ b
alter table base rename column a to aa;
create table copy (like base including all);
alter table "Doc" add column "uid" uuid not null default gen_random_uuid();
alter table "Page" add column "docUid" uuid;
-- @@ c
alter table base rename column b to a;
create table other (id int, aa text, a int) inherits (base);
alter table "Page" drop constraint "Page_docId_fkey";
alter table "Doc" drop constraint "Doc_pkey";
alter table "Doc" rename column "id" to "oldId";
alter table "Doc" rename column "uid" to "id";
alter table "Doc" add constraint "Doc_pkey" primary key ("id");
alter table "Page" drop column "docId";
alter table "Page" rename column "docUid" to "docId";
alter table "Page" add constraint "Page_docId_fkey" foreign key ("docId") references "Doc" ("id") on delete cascade;
-- @@ d
alter table base add column z int;
alter table "Doc" drop column "oldId";
alter table "Page" add column "z" int;
