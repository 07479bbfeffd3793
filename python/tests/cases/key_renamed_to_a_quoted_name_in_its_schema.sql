-- keys and indexes get names that need quotes, in a schema that is not public: v1 files those under public
-- @strict
-- @@ one
create schema shop;
set search_path = shop;
create table users (id bigserial primary key, mail text);
create unique index users_mail on users (mail);
create table public.others (id int primary key);
-- @@ two client=psql1
set search_path = shop;
alter table users rename to "Users";
alter index users_pkey rename to "Users_pkey";
alter index users_mail rename to "Users_mail";
-- @@ three
alter index shop."Users_mail" rename to users_by_mail;
alter index others_pkey rename to "Others_pkey";
alter table shop."Users" add column n int;
