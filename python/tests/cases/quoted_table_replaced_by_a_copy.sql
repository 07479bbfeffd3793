-- @strict
-- a quoted table is replaced by a copy of it, with keys and indexes by name, in one script
-- @@ a client=script
create table "Item" ("id" int, "kind" text not null, constraint "Item_pkey" primary key ("id"));
create index "Item_kind" on "Item" ("kind");
create table "Part" ("id" int primary key, "itemId" int constraint "Part_item" references "Item");
-- @@ b client=script
create table "Item_new" ("id" bigint, "kind" text not null, "size" int default 1, constraint "Item_new_pkey" primary key ("id"));
insert into "Item_new" ("id", "kind") select "id", "kind" from "Item";
alter table "Part" drop constraint "Part_item";
drop table "Item";
alter table "Item_new" rename to "Item";
alter table "Item" rename constraint "Item_new_pkey" to "Item_pkey";
create index "Item_kind" on "Item" ("kind", "size");
alter table "Part" alter column "itemId" type bigint, add constraint "Part_item" foreign key ("itemId") references "Item";
-- @@ c client=script
alter table "Item" add column "more" int;
-- @@ d client=script
alter table "Part" add column "more" int;
