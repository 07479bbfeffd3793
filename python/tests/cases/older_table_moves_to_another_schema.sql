-- tables that are older than the tracker go to another schema: what they had all along, the live catalog has there
-- @strict
-- @@ before setup client=script
create table owner (name text primary key);
create table pet (id bigserial primary key, owner text not null references owner (name), "bornOn" date);
create index pet_owner on pet (owner);
create unique index pet_born on pet ("bornOn") where "bornOn" is not null;
create table stay (id serial primary key, pet bigint references pet);
create index stay_pet on stay (pet);
-- @@ first
create index pet_both on pet (owner, "bornOn");
alter table pet add column weight numeric(6, 2);
-- @@ second client=script
create schema old;
alter table public.pet set schema old;
-- @@ third
alter table old.pet add column height int;
-- @@ fourth
create schema older;
alter table public.stay set schema older;
-- @@ fifth
alter table older.stay add column nights int not null default 1;
