-- @strict
-- quoted tables: three columns rotate, two swap with other types, one rotates and a new one takes a name, in one transaction each
-- @@ a client=script
CREATE TABLE "Rot" ("id" SERIAL PRIMARY KEY, "A" TEXT NOT NULL, "B" TEXT, "C" TEXT DEFAULT 'c');
CREATE TABLE "Typed" ("id" SERIAL PRIMARY KEY, "N" INTEGER, "T" TEXT);
CREATE TABLE "Taken" ("id" SERIAL PRIMARY KEY, "Old" TEXT);
-- @@ b client=psql1
ALTER TABLE "Rot" RENAME COLUMN "A" TO "tmp"; ALTER TABLE "Rot" RENAME COLUMN "B" TO "A"; ALTER TABLE "Rot" RENAME COLUMN "C" TO "B"; ALTER TABLE "Rot" RENAME COLUMN "tmp" TO "C";
ALTER TABLE "Typed" RENAME COLUMN "N" TO "tmp"; ALTER TABLE "Typed" RENAME COLUMN "T" TO "N"; ALTER TABLE "Typed" RENAME COLUMN "tmp" TO "T";
ALTER TABLE "Taken" RENAME COLUMN "Old" TO "Older";
CREATE TABLE "Marker" ("id" INT);
-- @@ c
ALTER TABLE "Taken" ADD COLUMN "Old" TEXT;
ALTER TABLE "Rot" ADD COLUMN "D" TEXT;
-- @@ d
CREATE INDEX "Rot_A" ON "Rot" ("A");
ALTER TABLE "Typed" ADD COLUMN "D" TEXT;
