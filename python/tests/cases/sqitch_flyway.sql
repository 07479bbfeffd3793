-- what sqitch and Flyway send: a schema of their own, transactions within the text, repeatable views and functions
-- @@ registry
BEGIN;
CREATE SCHEMA IF NOT EXISTS sqitch;
SET client_min_messages = warning;
CREATE TABLE sqitch.projects (project text primary key, uri text null unique, created_at timestamptz not null default clock_timestamp());
COMMENT ON TABLE sqitch.projects IS 'projects; known to sqitch';
CREATE TABLE sqitch.changes (change_id text primary key, script_hash text null, project text not null references sqitch.projects(project) on update cascade, note text not null default '', unique (project, script_hash));
COMMIT;
-- @@ v1 client=script
CREATE TABLE "public"."flyway_schema_history" (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "success" BOOLEAN NOT NULL
);
ALTER TABLE "public"."flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank");
CREATE INDEX "flyway_schema_history_s_idx" ON "public"."flyway_schema_history" ("success");
-- @@ v2
BEGIN;
SET search_path TO app_v2, public;
CREATE SCHEMA app_v2;
CREATE TABLE users (nickname text primary key, password text not null);
CREATE OR REPLACE FUNCTION insert_user(nickname text, password text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO app_v2.users VALUES ($1, md5($2));
$$;
COMMIT;
-- @@ r1
create or replace view app_v2.nicknames as select nickname from app_v2.users;
-- @@ r2
create or replace view app_v2.nicknames as select nickname, length(password) as n from app_v2.users;
create or replace view app_v2.nicknames as select nickname, length(password) as n from app_v2.users;
-- @@ v3
BEGIN;
DROP FUNCTION app_v2.insert_user(text, text);
ALTER TABLE app_v2.users ADD COLUMN ts timestamptz NOT NULL DEFAULT now();
CREATE OR REPLACE FUNCTION app_v2.insert_user(nickname text, password text, ts timestamptz DEFAULT now()) RETURNS void LANGUAGE sql AS $$ INSERT INTO app_v2.users VALUES ($1, md5($2), $3); $$;
COMMIT;
-- @@ build
-- @@ revert
BEGIN;
DROP VIEW app_v2.nicknames;
ALTER TABLE app_v2.users DROP COLUMN ts;
COMMIT;
-- @@ v4
BEGIN;
ALTER SCHEMA app_v2 RENAME TO app;
CREATE TABLE app.flips (id bigserial primary key, nickname text not null references app.users(nickname), body text not null default '' check (length(body) <= 180));
COMMIT;
