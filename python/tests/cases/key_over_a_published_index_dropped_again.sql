-- an index that an earlier build published has the name that PostgreSQL gives to a key: its second drop leaves no row, and the key takes the name
-- @strict
-- @@ first
create table role (id text not null, name text not null, constraint role_pkey primary key (name));
create table permit (id text not null, code text);
create unique index permit_code_key on permit (id);
drop index permit_code_key;
-- @@ build
-- @@ second
alter table role drop constraint role_pkey;
create unique index role_pkey on role (id);
create unique index permit_code_key on permit (code);
-- @@ build
-- @@ third
drop index if exists role_pkey;
alter table role add primary key (id);
drop index permit_code_key;
alter table permit add unique (code);
-- @@ build
-- @@ fourth
alter table role add column note text;
