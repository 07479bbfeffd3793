-- constraints get names after the name that their table gets next, and a text drops them by these
-- @strict
-- @@ first
create table collection (id int primary key);
create table person (id int primary key);
create table collection_group ("collectionId" int references collection on delete cascade, maker int references person);
-- @@ second client=psql1 author=bob
alter table only collection_group rename constraint "collection_group_collectionId_fkey" to "group_right_collectionId_fkey";
alter table only collection_group rename constraint collection_group_maker_fkey to group_right_maker_fkey;
alter table collection_group drop constraint "group_right_collectionId_fkey";
alter table collection_group add constraint "group_right_collectionId_fkey" foreign key ("collectionId") references collection;
alter table collection_group drop constraint group_right_maker_fkey;
alter table collection_group rename to group_right;
-- @@ third
alter table group_right add column at date;
