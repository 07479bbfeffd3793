-- an enum gives its name to a new one and goes, twice, a statement at a time; its column's default is taken away between, under the name for a while
-- @strict
-- @@ a client=psql1
create type mood as enum ('calm', 'wild');
create table pet (id int primary key, mood mood not null default 'calm');
create table zoo (id int primary key, mood mood);
-- @@ b client=psql1
alter type mood rename to mood_old;
create type mood as enum ('calm', 'wild');
alter table zoo alter column mood type mood using mood::text::mood;
alter table pet alter column mood drop default;
alter table pet alter column mood type mood using mood::text::mood;
alter table pet alter column mood set default 'wild';
drop type mood_old;
-- @@ c client=psql1
create table owner (id int primary key);
-- @@ d client=psql1
alter type mood rename to mood_old;
create type mood as enum ('calm', 'wild');
alter table pet alter column mood drop default;
alter table pet alter column mood type mood using mood::text::mood;
alter table pet alter column mood set default 'calm';
alter table zoo alter column mood type mood using mood::text::mood;
drop type mood_old;
-- @@ e
alter table pet add column name text;
