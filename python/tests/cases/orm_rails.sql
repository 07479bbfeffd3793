-- what Rails' migrations send: a renamed table with its sequence and indexes, checks validated later, enums, arrays
-- @@ a client=psql1
CREATE TABLE "posts" ("id" bigserial primary key, "title" character varying, "author_id" bigint NOT NULL, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE INDEX "index_posts_on_author_id" ON "posts" ("author_id");
CREATE TABLE "authors" ("id" uuid DEFAULT gen_random_uuid() NOT NULL PRIMARY KEY, "name" character varying DEFAULT '' NOT NULL);
-- @@ b
CREATE UNIQUE INDEX CONCURRENTLY "index_posts_on_title" ON "posts" ("title");
-- @@ c client=psql1
ALTER TABLE "posts" ADD "tags" text[] DEFAULT '{}' NOT NULL;
ALTER TABLE "posts" ADD "meta" jsonb DEFAULT '{}' NOT NULL;
CREATE INDEX "index_posts_on_tags" ON "posts" USING gin ("tags");
ALTER TABLE "posts" ADD CONSTRAINT chk_rails_title CHECK (title <> '') NOT VALID;
-- @@ d
ALTER TABLE "posts" VALIDATE CONSTRAINT "chk_rails_title";
CREATE TYPE "post_state" AS ENUM ('draft', 'published');
ALTER TABLE "posts" ADD "state" post_state DEFAULT 'draft' NOT NULL;
-- @@ e client=psql1
ALTER TABLE "posts" RENAME TO "articles";
ALTER TABLE "posts_id_seq" RENAME TO "articles_id_seq";
ALTER INDEX "posts_pkey" RENAME TO "articles_pkey";
ALTER INDEX "index_posts_on_author_id" RENAME TO "index_articles_on_author_id";
ALTER INDEX "index_posts_on_title" RENAME TO "index_articles_on_title";
ALTER INDEX "index_posts_on_tags" RENAME TO "index_articles_on_tags";
-- @@ f client=psql1
ALTER TABLE "articles" ALTER COLUMN "title" SET NOT NULL;
ALTER TABLE "articles" ALTER COLUMN "title" SET DEFAULT 'untitled';
ALTER TYPE "post_state" RENAME VALUE 'draft' TO 'hidden';
COMMENT ON COLUMN "articles"."title" IS 'what it''s called';
DROP INDEX "index_articles_on_tags";
-- @@ g client=psql1
ALTER TABLE "articles" DROP COLUMN "author_id";
ALTER TABLE "articles" ADD "author_id" uuid;
ALTER TABLE "articles" ADD CONSTRAINT "fk_rails_e74ce85cbc" FOREIGN KEY ("author_id") REFERENCES "authors" ("id") ON DELETE CASCADE;
ALTER TABLE "articles" ALTER COLUMN "meta" DROP DEFAULT, ALTER COLUMN "meta" TYPE json USING meta::json;
