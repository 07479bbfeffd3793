-- range types and domains that are renamed without a row: the records, or the live table, tell the name of now
-- @@ a
create type hours as range (subtype = time);
create domain code as varchar(4) check (value <> '');
create table shift (id int primary key, h hours not null, c code);
-- @@ b
create index shift_h on shift using gist (h);
alter table shift add constraint apart exclude using gist (h with &&) where (id > 10);
-- @@ c
alter type hours rename to opening;
create function len(opening) returns interval language sql immutable as $$ select upper($1) - lower($1) $$;
-- @@ d
alter domain code rename to short_code;
alter table shift add column more short_code;
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('static', 'unknown') or new_definition like '%AS ENUM%'
