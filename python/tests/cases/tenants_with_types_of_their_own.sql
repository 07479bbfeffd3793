-- the same statements for each tenant, by search_path: each has types, sequences and functions of its own, of one name
-- @strict
-- @@ a
create table public.shared (id int primary key);
-- @@ b
create schema t1;
set search_path = t1, public;
create type kind as enum ('a', 'b');
create domain code as text;
create sequence numbers;
create table client (id serial primary key, k kind default 'a', c code, n int default nextval('numbers'), s int references shared);
-- @@ c
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
comment on table public.shared is 'all of them';
create schema t2;
set search_path = t2, public;
create type kind as enum ('a', 'b');
create domain code as text;
create sequence numbers;
create table client (id serial primary key, k kind default 'a', c code, n int default nextval('numbers'), s int references shared);
-- @@ d
alter table t2.client add column z int;
alter table t1.client add column z int;
