-- an enum is made under a name for a while, takes the column, and then the name of the one before it, twice, a statement at a time
-- @strict
-- @@ a client=psql1
create type mood as enum ('calm', 'wild');
create table pet (id int primary key, mood mood not null default 'calm');
-- @@ b client=psql1
create type mood_new as enum ('calm', 'wild');
alter table pet alter column mood drop default;
alter table pet alter column mood type mood_new using mood::text::mood_new;
alter type mood rename to mood_old;
alter type mood_new rename to mood;
drop type mood_old;
alter table pet alter column mood set default 'wild';
-- @@ c client=psql1
create table owner (id int primary key);
-- @@ d client=psql1
create type mood_new as enum ('calm', 'wild');
alter table pet alter column mood drop default;
alter table pet alter column mood type mood_new using mood::text::mood_new;
alter type mood rename to mood_old;
alter type mood_new rename to mood;
drop type mood_old;
alter table pet alter column mood set default 'calm';
-- @@ e
alter table pet add column name text;
