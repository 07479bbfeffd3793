-- a dump that psql restored into a tracked database, piece by piece, then migrated further
-- @strict
-- @@ a
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM (
    'sad',
    'ok'
);
CREATE FUNCTION app.later() RETURNS bigint
    LANGUAGE sql STABLE
    AS $$ select count(*) from app.visit $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE app.person (
    id integer NOT NULL,
    name text NOT NULL,
    mood app.mood DEFAULT 'ok'::app.mood,
    CONSTRAINT person_name_check CHECK ((name ~ '^\w+\s?$'::text))
);
CREATE SEQUENCE app.person_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE app.person_id_seq OWNED BY app.person.id;
CREATE TABLE app.visit (
    id bigint NOT NULL,
    person_id integer,
    at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (at);
ALTER TABLE app.visit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME app.visit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE app.visit_2024 (
    id bigint NOT NULL,
    person_id integer,
    at timestamp with time zone NOT NULL
);
CREATE VIEW app.totals AS
SELECT
    NULL::integer AS person_id,
    NULL::bigint AS n;
ALTER TABLE ONLY app.visit ATTACH PARTITION app.visit_2024 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00');
ALTER TABLE ONLY app.person ALTER COLUMN id SET DEFAULT nextval('app.person_id_seq'::regclass);
COPY app.person (id, name, mood) FROM stdin;
1	ann	ok
\.
SELECT pg_catalog.setval('app.person_id_seq', 1, true);
ALTER TABLE ONLY app.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);
ALTER TABLE ONLY app.visit
    ADD CONSTRAINT visit_pkey PRIMARY KEY (id, at);
ALTER TABLE ONLY app.visit_2024
    ADD CONSTRAINT visit_2024_pkey PRIMARY KEY (id, at);
CREATE INDEX visit_person ON ONLY app.visit USING btree (person_id);
CREATE INDEX visit_2024_person_id_idx ON app.visit_2024 USING btree (person_id);
ALTER INDEX app.visit_person ATTACH PARTITION app.visit_2024_person_id_idx;
ALTER INDEX app.visit_pkey ATTACH PARTITION app.visit_2024_pkey;
CREATE OR REPLACE VIEW app.totals AS
 SELECT person.id AS person_id,
    count(*) AS n
   FROM (app.person
     JOIN app.visit ON ((visit.person_id = person.id)))
  GROUP BY person.id;
ALTER TABLE app.visit
    ADD CONSTRAINT visit_person_id_fkey FOREIGN KEY (person_id) REFERENCES app.person(id);
-- @@ b
set search_path to app;
alter table person add column age int;
create view elders as select * from person where age > 60;
-- @@ c client=psql1
set local search_path = app, public;
alter table person alter column age set default 0;
create table visit_2025 partition of visit for values from ('2025-01-01 00:00:00+00') to ('2026-01-01 00:00:00+00');
