-- a domain becomes an enum of its name, and an enum a domain; v1 records the base of a domain, and the name of an enum
-- @@ types
create domain mood as varchar(20);
create type hue as enum ('red', 'blue');
-- @@ tables
create table cats (id int primary key, mood mood, hue hue not null);
-- @@ more
create table dogs (id int primary key, mood mood not null, hue hue);
create index on dogs (mood);
-- @@ text
alter table cats alter column mood type varchar(20);
alter table dogs alter column mood type varchar(20);
alter table cats alter column hue type text;
alter table dogs alter column hue type text;
-- @@ changed
drop domain mood;
create type mood as enum ('glad', 'sad');
drop type hue;
create domain hue as text check (value <> '');
-- @@ again
alter table cats alter column mood type mood using mood::mood;
alter table dogs alter column hue type hue;
-- @@ end
alter table dogs add column note text;
-- @after select count(*) = 0 from pggit_audit.changes where fidelity in ('static', 'unknown')
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'changed_type'
