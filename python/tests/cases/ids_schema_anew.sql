-- a schema goes with all that is in it, and another of its name comes, and its rows tell of the second only
-- @@ a
create table t (id int primary key);
create schema work;
create type work.mood as enum ('sad', 'ok');
create sequence work.ticket;
create table work.w (id int primary key, m work.mood);
create function work.f() returns trigger language plpgsql as 'begin return new; end';
create trigger w_f before update on work.w for each row execute function work.f();
-- @@ b
alter table t add column n int;
-- @@ c client=script
drop schema work cascade;
create schema work;
create type work.mood as enum ('sad', 'ok');
create sequence work.ticket;
create table work.w (id int primary key, m work.mood);
create function work.f() returns trigger language plpgsql as 'begin return new; end';
create trigger w_f before update on work.w for each row execute function work.f();
-- @@ d
alter table t add column m int;
