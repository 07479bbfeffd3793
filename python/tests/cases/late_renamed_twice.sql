-- a table that is older than the tracker is altered under its first name, and renamed twice: it is the live one all along
-- @strict
-- @@ before setup
create table "Product" ("id" text not null, "name" text not null, "teamId" text not null, "brand" text not null,
  constraint "Product_pkey" primary key ("id"));
create unique index "Product_teamId_name_key" on "Product" ("teamId", "name");
create table "Trial" ("id" text primary key, "productId" text not null references "Product" ("id"));
-- @@ style
alter table "Product" add column "styling" jsonb not null default '{}';
-- @@ team client=script
alter table "Product" rename column "teamId" to "organizationId";
alter index "Product_teamId_name_key" rename to "Product_organizationId_name_key";
alter table "Product" add column "team" text;
-- @@ project client=script
alter table "Product" rename to "Project";
alter table "Project" rename constraint "Product_pkey" to "Project_pkey";
alter index "Product_organizationId_name_key" rename to "Project_organizationId_name_key";
alter table "Project" drop column "brand";
-- @@ workspace client=script
alter table "Project" rename to "Workspace";
alter table "Workspace" add column "logo" jsonb;
alter table "Workspace" alter column "name" drop not null;
