-- what Ecto and Knex send: several actions of one ALTER, foreign keys changed with their column, unique added by name
-- @@ a client=psql1
CREATE TABLE "schema_migrations" ("version" bigint, "inserted_at" timestamp(0), PRIMARY KEY ("version"));
CREATE TABLE "users" ("id" bigserial, "email" varchar(255) NOT NULL, "inserted_at" timestamp(0) NOT NULL, PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "users_email_index" ON "users" ("email");
CREATE TABLE "posts" ("id" bigserial, "user_id" bigint, "body" text, CONSTRAINT "posts_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id"), PRIMARY KEY ("id"));
-- @@ b client=psql1
ALTER TABLE "posts" DROP CONSTRAINT "posts_user_id_fkey", ALTER COLUMN "user_id" TYPE bigint, ADD CONSTRAINT "posts_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE, ALTER COLUMN "user_id" SET NOT NULL;
ALTER TABLE "posts" ADD COLUMN "slug" varchar(255), ADD COLUMN "views" integer DEFAULT 0 NOT NULL, DROP COLUMN "body";
CREATE INDEX "posts_slug_lower_index" ON "posts" (lower(slug));
-- @@ c client=psql1
create table "teams" ("id" serial primary key, "name" varchar(255) not null, "kind" text check ("kind" in ('a', 'b')) not null default 'a');
alter table "teams" add constraint "teams_name_unique" unique ("name");
alter table "users" add column "team_id" integer;
alter table "users" add constraint "users_team_id_foreign" foreign key ("team_id") references "teams" ("id") on delete SET NULL;
-- @@ d client=psql1
alter table "teams" alter column "name" drop default;
alter table "teams" alter column "name" drop not null;
alter table "teams" alter column "name" type varchar(100) using ("name"::varchar(100));
alter table "teams" drop constraint if exists "teams_kind_check";
alter table "teams" add constraint "teams_kind_check" check ("kind" in ('a', 'b', 'c'));
-- @@ e client=psql1
alter table "teams" rename "name" to "title";
alter table "teams" drop constraint "teams_name_unique";
alter table "users" rename to "people";
drop index "posts_slug_lower_index";
-- @@ f client=psql1
ALTER TABLE "posts" RENAME COLUMN "user_id" TO "person_id";
ALTER TABLE "posts" RENAME CONSTRAINT "posts_user_id_fkey" TO "posts_person_id_fkey";
ALTER INDEX "users_email_index" RENAME TO "people_email_index";
