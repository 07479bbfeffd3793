-- a text that changes the type of an older column says its NOT NULL again, as what changes columns in other databases does
-- @strict
-- @@ older setup client=script
create table attachment (id text primary key, file_size integer not null, used integer not null default 0, note text);
-- @@ first client=script
create table other (id text primary key);
-- @@ second client=script
alter table attachment
alter column file_size type bigint,
alter column file_size set not null;
-- @@ third client=script
alter table attachment alter column used set data type bigint, alter used set not null;
alter table attachment alter column note type varchar(100) using coalesce(note, ''), alter column note set not null;
