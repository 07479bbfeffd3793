-- texts give columns of older, quoted tables another type by an expression, which says what they were, or says it not
-- @@ before setup
create table "Token" ("id" int primary key, "expires" int, "scope" text, "verified" timestamp(3), "size" text);
-- @@ first
create table "Note" ("id" int primary key, "made" timestamptz(3));
alter table "Token" add column "kind" text;
-- @@ second client=script
alter table "Note" alter column "made" type timestamp(3);
alter table "Token" alter column "expires" type timestamp(3) using
  case when "expires" is not null then to_timestamp("expires") else null end;
alter table "Token" alter column "scope" set data type text[] using string_to_array("scope", ' '), alter "kind" set not null;
-- @@ third client=script
alter table "Token" alter column "verified" type boolean using "verified" > '2020-01-01'::timestamp;
alter table "Token" alter "size" type bigint using ("size" || '0')::bigint, add column "until" date;
-- @after select bool_and(fidelity in ('exact', 'repaired')) from pggit_audit.changes where origin = 'v1'
