-- a late tracker: an index that a text drops and makes again with a condition had none; so it is with the way in which it
-- is stored, and of a table that has no row of its own
-- @strict
-- @@ older setup
create table app (id text primary key, space text not null, customer text not null, deleted_at timestamptz);
create unique index app_space_customer on app (space, customer);
create index app_by_customer on app (customer) include (space);
create table "Tag" ("id" text primary key, "name" text not null, "deletedAt" timestamptz);
create unique index "tag_by_name" on "Tag" ("name");
-- @@ a
create table other (id int);
-- @@ b client=script
drop index app_space_customer;
create unique index app_space_customer on app (space, customer) where (deleted_at is null);
drop index app_by_customer;
create index app_by_customer on app using btree (customer) include (space) where deleted_at is null;
-- @@ c client=script
alter table "Tag" add column "text" text;
drop index "tag_by_name";
create unique index "tag_by_name" on "Tag" using btree ("name") where "deletedAt" is null;
-- @@ d
alter table other add column n int;
