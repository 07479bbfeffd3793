-- PostgreSQL keeps a default of NULL only of a type with a modifier, of which the record of an older table says nothing
-- @strict
-- @@ first setup
create table opened (id int primary key, closed_at timestamp(3) default now());
create table door (id int primary key, closed_at timestamp);
create table gate (id int primary key, closed_at timestamp);
create table gone (
    id int primary key, approved_at timestamp(6) with time zone default null, closed_at timestamp(3) default null, n int default null
);
-- @@ second
alter table gone add column note text;
-- @@ third
alter table gone alter column note set default 'x';
-- @@ fourth
drop table gone;
