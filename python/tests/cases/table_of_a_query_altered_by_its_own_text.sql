-- A text makes a quoted table by a query and alters it: nothing of the name was there before, whatever has it later.
-- @strict
-- @noextra
-- @events shop."order" = CREATE ALTER ALTER DROP CREATE ALTER
-- @@ a client=script
create schema "shop";
create table "shop"."order" as select 1 as id, 'x'::text as name;
alter table shop."order" alter column id set not null;
-- @@ b client=script
alter table shop."order" add column "more" text;
-- @@ c client=script
drop table shop."order" cascade;
create table shop."order" (id integer primary key, "price" boolean default false);
alter table shop."order" add column "Qty" bigint;
