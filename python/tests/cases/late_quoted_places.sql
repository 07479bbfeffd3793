-- an older table lost a column before the tracker came, so its catalog counts more places than are there; no column took
-- another's name
-- @strict
-- @@ older setup client=script
create table "grantOf" ("id" text primary key, "createdAt" timestamp(3) not null, "expiresIn" integer not null, "expiresAt" timestamp(3) not null);
alter table "grantOf" drop column "expiresIn";
-- @@ first client=script
alter table "grantOf" add column "custom" boolean not null default false, alter column "expiresAt" drop not null;
-- @@ second client=script
alter table "grantOf" add column "since" timestamp(3);
