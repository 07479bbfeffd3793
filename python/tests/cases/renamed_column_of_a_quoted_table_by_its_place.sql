-- v1 records no columns of a table with a quoted name: where one before it goes later, the order of the live columns does
-- not tell which was renamed; the catalog's places do, and the id of the column tells when
-- @strict
-- @after select bool_and(not_before_version_id < not_after_version_id) from pggit_audit.repairs where rule = 'foreseen_rename' and statement like '%"owner"%'
-- @@ first client=script
create table "Pet" (id int primary key, nick text, owner text not null unique, bio text);
-- @@ second
alter table "Pet" rename column owner to keeper;
-- @@ third
alter table "Pet" add column born date;
-- @@ fourth
alter table "Pet" drop column nick;
-- @@ fifth
create index on "Pet" (keeper);
