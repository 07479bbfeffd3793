-- A column goes with its type, and nothing records it. Later a column before it gets another type, and with that
-- most versions of PostgreSQL 15 write the rows of all columns behind it again, of those that went as well: so the id is no
-- moment, and the column may have been gone when the table entered. 15.18 does not, and there the id is one.
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
-- @after select count(*) <= 1 and coalesce(bool_and(r.not_before_version_id is null or (r.not_before_version_id, r.not_after_version_id) = (p.v1_version_id, f.v1_version_id)), true) from pggit_audit.repairs r join (select min(v1_version_id) v1_version_id from pggit_audit.changes where object_identity = 'public."Pet"') p on true join (select min(v1_version_id) v1_version_id from pggit_audit.changes where object_identity = 'public.food' and change_type = 'ALTER') f on true where r.rule = 'dropped_column'
