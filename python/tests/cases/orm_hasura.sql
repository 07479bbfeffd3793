-- what Hasura's console sends: quoted and qualified names, a trigger with its function and comment, keys replaced
-- @also psql1
-- @@ a client=script
CREATE TABLE "public"."item" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "name" text NOT NULL, "updated_at" timestamptz NOT NULL DEFAULT now(), PRIMARY KEY ("id") , UNIQUE ("name"));
COMMENT ON TABLE "public"."item" IS E'what''s sold\nhere';
CREATE OR REPLACE FUNCTION "public"."set_current_timestamp_updated_at"()
RETURNS TRIGGER AS $$
DECLARE
  _new record;
BEGIN
  _new := NEW;
  _new."updated_at" = NOW();
  RETURN _new;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER "set_public_item_updated_at"
BEFORE UPDATE ON "public"."item"
FOR EACH ROW
EXECUTE PROCEDURE "public"."set_current_timestamp_updated_at"();
COMMENT ON TRIGGER "set_public_item_updated_at" ON "public"."item"
IS 'trigger to set value of column "updated_at" to current timestamp on row update';
-- @@ b client=script
alter table "public"."item" add column "sku" text
 null unique;
-- @@ c client=script
BEGIN TRANSACTION;
ALTER TABLE "public"."item" DROP CONSTRAINT "item_pkey";
ALTER TABLE "public"."item"
    ADD CONSTRAINT "item_pkey" PRIMARY KEY ("id", "name");
COMMIT TRANSACTION;
-- @@ d client=script
alter table "public"."item" drop constraint "item_name_key";
-- @@ e client=script
alter table "public"."item" rename column "sku" to "code";
alter table "public"."item" alter column "code" set not null;
-- @@ f client=script
CREATE TABLE "public"."tag" ("value" text NOT NULL, "comment" text NOT NULL, PRIMARY KEY ("value") );
alter table "public"."item" add column "tag" text;
alter table "public"."item"
  add constraint "item_tag_fkey"
  foreign key ("tag")
  references "public"."tag"
  ("value") on update restrict on delete restrict;
-- @@ g client=script
alter table "public"."item" drop constraint "item_tag_fkey",
  add constraint "item_tag_fkey"
  foreign key ("tag")
  references "public"."tag"
  ("value") on update cascade on delete set null;
alter table "public"."item" rename to "goods";
