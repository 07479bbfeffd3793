-- changes by queries of their own, that no text names before long: the catalog's own rows say when they were
-- @strict
-- @@ a
create table pet (id int primary key, owner text);
create type mood as enum ('sad', 'ok');
create table toy (id int primary key, mood mood);
create function touch() returns trigger language plpgsql as 'begin return new; end';
-- @@ b
alter table pet rename owner to keeper;
-- @@ c
create table box (id int primary key);
-- @@ d
alter type mood add value 'happy';
create table lid (id int primary key);
-- @@ e
create trigger touched before update on toy for each row execute function touch();
-- @@ f
create table bag (id int primary key);
-- @@ g
comment on table pet is 'dear';
create materialized view moods as select mood, count(*) as n from toy group by mood;
create table cap (id int primary key);
-- @@ h
alter table pet add column born date;
