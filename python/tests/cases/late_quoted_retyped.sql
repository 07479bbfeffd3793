-- texts give columns of tables that are older than the tracker, and quoted, another type: what they had before, texts say
-- of others that got the same
-- @strict
-- @@ before setup
create table "Owner" ("id" int primary key, "joinedOn" timestamp(3) not null default current_timestamp, "mail" varchar(80));
create table "Stay" ("id" int primary key, "from" timestamp(3), "seen" timestamp(3), "fee" int, "owner" int references "Owner");
-- @@ first
create table "Bill" ("id" int primary key, "made" timestamp(3) not null, "mail" varchar(80));
alter table "Stay" add column "until" timestamp(3);
-- @@ second author=bob
alter table "Owner" add column "nick" text;
-- @@ third client=script
alter table "Bill" alter column "made" set data type timestamptz(3) using "made" at time zone 'UTC';
alter table "Stay" alter column "from" set data type timestamptz(3) using "from" at time zone 'UTC',
    alter column "until" set data type timestamptz(3), alter column "fee" type bigint;
alter table "Owner" alter column "joinedOn" set data type timestamptz(3);
alter table "Bill" alter column "mail" type text;
alter table "Owner" alter "mail" type text;
-- @@ fourth author=bob client=script
alter table "Stay" rename column "seen" to "lookedAt";
alter table "Stay" alter column "lookedAt" type timestamptz(3);
alter table "Owner" add column "born" date;
