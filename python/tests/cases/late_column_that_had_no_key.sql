-- columns of older tables that are gone in the end refer to one thing as a rule; one gets its key by a text, so it had
-- none; of another, only that its type is changed by itself tells so
-- @strict
-- @@ older setup client=script
create table client (id uuid primary key, name text);
create table token (id uuid primary key, client_id uuid not null references client (id) on delete cascade, body text);
create table device (id uuid primary key, client_id uuid not null references client (id) on delete cascade, body text);
create table grant_of (id uuid primary key, client_id uuid not null references client (id) on delete cascade, body text);
create table code (id uuid primary key, client_id uuid not null, body text);
create table visit (id uuid primary key, client_id uuid not null, body text);
-- @@ begin client=script
alter table code add column nonce text;
alter table visit add column ip text;
alter table token add column ip text;
-- @@ given client=script
alter table code add constraint code_client_fk foreign key (client_id) references client (id) on delete cascade;
-- @@ retyped client=script
alter table code drop constraint if exists code_client_fk;
alter table code alter column client_id type text using client_id::text;
alter table visit alter column client_id type text using client_id::text;
-- @@ gone client=script
drop table code;
drop table visit;
-- @@ last client=script
alter table device add column ip text;
