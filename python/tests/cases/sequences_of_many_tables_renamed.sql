-- a sequence that several tables use gets another name: by a text, and without a row
-- @strict
-- @@ made
CREATE SEQUENCE ids START 100 INCREMENT 5;
CREATE TABLE a (id bigint primary key default nextval('ids'), n int);
CREATE TABLE b (id bigint primary key default nextval('ids'), n int);
CREATE SEQUENCE keys AS int START 7;
CREATE TABLE c (id bigint primary key default nextval('keys'), n int);
CREATE TABLE d (id bigint primary key default nextval('keys'), n int);
-- @@ by_a_text client=script
ALTER SEQUENCE ids RENAME TO all_ids;
ALTER TABLE a RENAME TO aa;
-- @@ between
CREATE TABLE e (n int);
-- @@ without_a_row
ALTER SEQUENCE keys RENAME TO all_keys;
-- @@ more
ALTER TABLE aa ADD COLUMN m int;
ALTER TABLE b ADD COLUMN m int;
ALTER TABLE c ADD COLUMN m int;
ALTER TABLE d ADD COLUMN m int;
