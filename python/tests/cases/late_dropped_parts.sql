-- a late tracker, an ORM's names: columns, indexes and foreign keys that texts drop and none made, by their names; what a
-- foreign key did before it was made again, by the others; the modifier of a type that v1 does not record, by the others
-- @strict
-- @@ older setup
create table "Env" ("id" text primary key);
create table "Tag" ("id" text primary key, "name" text not null, "at" timestamp(3) not null default current_timestamp, "envId" text not null);
create index "Tag_envId_idx" on "Tag" ("envId");
create unique index "Tag_name_envId_key" on "Tag" ("name", "envId");
alter table "Tag" add constraint "Tag_envId_fkey" foreign key ("envId") references "Env" ("id") on delete cascade on update cascade;
create table "User" ("id" text primary key);
create table "Order" ("id" text primary key, "userId" text not null);
alter table "Order" add constraint "Order_userId_fkey" foreign key ("userId") references "User" ("id") on delete restrict on update cascade;
create table "Item" ("id" text primary key, "orderId" text not null, "byId" text);
alter table "Item" add constraint "Item_orderId_fkey" foreign key ("orderId") references "Order" ("id") on delete restrict on update cascade;
alter table "Item" add constraint "Item_byId_fkey" foreign key ("byId") references "User" ("id") on delete set null on update cascade;
create table polls (id text primary key, made_at timestamp(3) not null, touched_at timestamp(3) not null, title text);
create unique index polls_touched_at_key on polls (touched_at);
-- @@ a client=script
alter table "Tag" add column "text" text;
create table "Contact" ("id" text not null, "envId" text not null, constraint "Contact_pkey" primary key ("id"));
alter table "Contact" add constraint "Contact_envId_fkey" foreign key ("envId") references "Env" ("id") on delete cascade on update cascade;
alter table polls alter column title set not null;
-- @@ b client=script
alter table "Order" drop constraint "Order_userId_fkey";
alter table "Order" add constraint "Order_userId_fkey" foreign key ("userId") references "User" ("id") on delete cascade on update cascade;
-- @@ c client=script
drop index "Tag_envId_idx";
drop index "Tag_name_envId_key";
alter table "Tag" drop constraint "Tag_envId_fkey";
alter table "Tag" drop column "envId";
-- @@ d client=script
drop index polls_touched_at_key;
alter table polls drop column touched_at;
