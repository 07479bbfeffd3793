-- an enum is replaced by one of its name, which gets labels later; the ids tell which came with it, and which did not
-- @strict
-- @@ a
create type mood as enum ('sad', 'ok');
create table t (id int primary key, m mood not null default 'ok'::mood);
-- @@ b client=script
alter type mood rename to mood_old;
create type mood as enum ('sad', 'ok');
alter table t alter column m drop default, alter column m type mood using m::text::mood, alter column m set default 'ok'::mood;
drop type mood_old;
-- @@ c
alter type mood add value 'glad';
alter table t add column n int;
-- @@ d
alter type mood add value 'low' before 'sad';
alter table t add column o int;
