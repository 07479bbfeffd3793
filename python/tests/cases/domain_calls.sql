-- a domain without a row, whose default and check call functions: the catalog has each in a statement of its own
-- @@ a
create schema app;
create function app.norm(t text) returns text language sql immutable as $$ select lower(trim(t)) $$;
create table app.rooms (id int primary key);
create domain app.short as text default app.norm(' A ') constraint filled check (app.norm(value) <> '');
-- @@ b
alter table app.rooms add column s app.short;
-- @@ c
alter table app.rooms add column z int;
-- @after select count(*) = 0 from pggit_audit.changes where object_name = 'short' and change_type = 'ALTER'
