-- a late tracker: tables of which v1 recorded the columns, and that are gone in the end. Their sequences are of the
-- columns' types and go with them; their keys are as those of all others; a foreign key is what its name and others say
-- @strict
-- @@ older setup
create table users (id text primary key);
create table polls (id text primary key, user_id text not null constraint polls_user_id_fkey references users on delete cascade);
create table votes (id text primary key, user_id text not null constraint votes_user_id_fkey references users on delete cascade, poll_id text constraint votes_poll_id_fkey references polls on update cascade on delete cascade);
create table watchers (id serial constraint watchers_pkey primary key, user_id text not null, poll_id text not null);
alter table watchers add constraint watchers_user_id_fkey foreign key (user_id) references users on delete cascade;
alter table watchers add constraint watchers_poll_id_fkey foreign key (poll_id) references polls on update cascade on delete cascade;
-- @@ a
alter table watchers add column since timestamptz not null default now();
-- @@ b
alter table votes add column n int;
-- @@ c client=script
alter table watchers drop constraint watchers_user_id_fkey;
alter table watchers drop constraint watchers_poll_id_fkey;
drop table watchers;
-- @@ d
alter table votes add column m int;
