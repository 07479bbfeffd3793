-- what TypeORM sends: hashed names, enums renamed away and made again, columns dropped and added, in one transaction each
-- @@ a client=psql1
CREATE TYPE "public"."user_role_enum" AS ENUM('admin', 'user');
CREATE TABLE "user" ("id" SERIAL NOT NULL, "role" "public"."user_role_enum" NOT NULL DEFAULT 'user', "firstName" character varying NOT NULL, CONSTRAINT "UQ_aaa" UNIQUE ("firstName"), CONSTRAINT "PK_cace4a159ff9f2512dd42373760" PRIMARY KEY ("id"));
CREATE TABLE "photo" ("id" uuid NOT NULL DEFAULT gen_random_uuid(), "userId" integer, CONSTRAINT "PK_723fa50bf70dcfd06fb5a44d4ff" PRIMARY KEY ("id"));
CREATE INDEX "IDX_5aa" ON "photo" ("userId") ;
ALTER TABLE "photo" ADD CONSTRAINT "FK_4494006ff358f754d07df5ccc87" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;
-- @@ b client=psql1
ALTER TYPE "public"."user_role_enum" RENAME TO "user_role_enum_old";
CREATE TYPE "public"."user_role_enum" AS ENUM('admin', 'user', 'guest');
ALTER TABLE "user" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "user" ALTER COLUMN "role" TYPE "public"."user_role_enum" USING "role"::"text"::"public"."user_role_enum";
ALTER TABLE "user" ALTER COLUMN "role" SET DEFAULT 'user';
DROP TYPE "public"."user_role_enum_old";
-- @@ c client=psql1
ALTER TABLE "user" DROP CONSTRAINT "UQ_aaa";
ALTER TABLE "user" DROP COLUMN "firstName";
ALTER TABLE "user" ADD "firstName" text;
ALTER TABLE "user" ADD "profileId" integer;
ALTER TABLE "user" ADD CONSTRAINT "UQ_bbb" UNIQUE ("profileId");
-- @@ d client=psql1
ALTER TABLE "user" RENAME COLUMN "firstName" TO "name";
ALTER TABLE "user" RENAME CONSTRAINT "UQ_bbb" TO "REL_bbb";
DROP INDEX "public"."IDX_5aa";
CREATE TABLE "user_friends" ("a" integer NOT NULL, "b" integer NOT NULL, CONSTRAINT "PK_f2b" PRIMARY KEY ("a", "b"));
CREATE INDEX "IDX_04a" ON "user_friends" ("a") ;
-- @@ e client=psql1
ALTER TABLE "photo" DROP CONSTRAINT "FK_4494006ff358f754d07df5ccc87";
ALTER TABLE "photo" ALTER COLUMN "userId" SET NOT NULL;
ALTER TABLE "photo" ADD CONSTRAINT "FK_4494006ff358f754d07df5ccc87" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE NO ACTION;
DROP TABLE "user_friends";
