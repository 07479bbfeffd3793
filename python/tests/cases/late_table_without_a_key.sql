-- a table that is older than the tracker and lives has a unique index on its first column, and no primary key, as all
-- others do: no text takes one away, so it had none
-- @strict
-- @@ older setup
create table one (id text not null, constraint one_pkey primary key (id));
create table two (id text not null, constraint two_pkey primary key (id));
create table three (id text not null, constraint three_pkey primary key (id));
create table four (id text not null, constraint four_pkey primary key (id));
create table share (id text not null, one_id text not null);
create unique index share_id_key on share (id);
-- @@ first
alter table share add column note text;
-- @@ second
alter table share alter column note set not null;
