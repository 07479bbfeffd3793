-- A column goes with its type, and nothing records it. Later a column before it gets another type, and with that
-- PostgreSQL 15 writes the rows of all columns behind it again, of those that went as well: so the id is no moment.
-- @server 15
-- @@ older setup
create type mood as enum ('calm', 'wild');
create table "Pet" (id int, note varchar(10), feeling mood, owner text);
-- @@ first
create table food (id int primary key);
alter table "Pet" alter column id set not null;
-- @@ second
drop type mood cascade;
-- @@ third
alter table food add column kind text;
-- @@ fourth
alter table "Pet" alter column note type varchar(20);
-- @@ fifth
alter table "Pet" alter column note set not null;
alter table "Pet" alter column owner set not null;
-- @after select not exists (select from pggit_audit.repairs where rule = 'dropped_column' and not_before_version_id is not null)
