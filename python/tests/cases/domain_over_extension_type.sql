-- domains over a type that an extension brings: they depend on the functions by which it is written, without a default
-- @server 15
-- @@ a client=script
create extension citext;
create domain alias as citext check (length(trim(value)) > 0);
create domain target_alias as alias constraint short check (length(value) < 254);
create domain mail as citext default 'nobody' not null;
create table person (id int primary key, name alias, target target_alias, mail mail);
-- @@ b
alter table person add column other mail;
