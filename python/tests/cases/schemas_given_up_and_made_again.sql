-- @strict
-- schemas are renamed away, and made again, with tables of the same names; nothing else tells of the renames
-- @@ a author=alice client=script
create schema app;
create table app.users (id int primary key, mail text);
create view app.mails as select mail from app.users;
create function app.f() returns int language sql as 'select 1';
-- @@ b author=bob
alter schema app rename to app_1;
-- @@ c author=bob client=script
create schema if not exists app;
create table app.users (id bigint primary key, mail text);
create view app.mails as select mail from app.users;
-- @@ d author=bob
alter schema app rename to app_2;
-- @@ e author=bob
create schema app;
-- @@ f author=bob client=script
create table if not exists app.users (id uuid primary key);
alter table app_2.users add column n int;
-- @@ g author=bob
alter table app.users add column z int;
