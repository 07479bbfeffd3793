-- Table, trigger and generated column are older than the tracker: the trigger compares whole rows, which no server lets one make anew.
-- @@ 0001_make.sql setup
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.changed := now(); RETURN new; END $$;
CREATE TABLE names (id int PRIMARY KEY, parts text[] NOT NULL, changed timestamptz);
CREATE TRIGGER touch BEFORE UPDATE ON names FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION touch();
ALTER TABLE names ADD COLUMN depth int GENERATED ALWAYS AS (array_length(parts, 1)) STORED;
ALTER TABLE names DISABLE TRIGGER touch;
CREATE TABLE others (id int);
-- @@ 0002_more.sql
ALTER TABLE names ADD COLUMN note text;
-- @@ 0003_more.sql
CREATE INDEX ON names (depth);
CREATE VIEW deep AS SELECT depth FROM names;
-- @@ 0004_more.sql
ALTER TABLE others ADD COLUMN note text;
