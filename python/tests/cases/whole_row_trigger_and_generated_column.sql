-- A trigger that compares whole rows is older than the generated column of its table: no server makes them in the other order.
-- @strict
-- @@ 0001_make.sql
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.changed := now(); RETURN new; END $$;
CREATE TABLE names (id int PRIMARY KEY, parts text[] NOT NULL, "A" text DEFAULT 'x, (y', changed timestamptz, CONSTRAINT parts_there CHECK (parts <> '{}'));
CREATE TRIGGER touch BEFORE UPDATE ON names FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION touch();
-- @@ 0002_depth.sql
ALTER TABLE names ADD COLUMN depth int GENERATED ALWAYS AS (array_length(parts, 1)) STORED;
-- @@ 0003_more.sql
ALTER TABLE names ADD COLUMN note text NOT NULL DEFAULT '', ADD CONSTRAINT deep CHECK (depth < 10);
CREATE INDEX ON names (depth, note);
CREATE VIEW deep AS SELECT depth FROM names;
