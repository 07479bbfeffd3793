-- a text changes the type of an older table's key, of which nothing was recorded before; what refers to it was recorded
-- @strict
-- @@ older setup client=script
create table client (id uuid primary key, name text);
create table code (id uuid primary key, client_id uuid not null references client (id) on delete cascade);
-- @@ first client=script
alter table code add column nonce text;
-- @@ retyped client=script
alter table code drop constraint if exists code_client_id_fkey;
alter table code alter column client_id type text using client_id::text;
alter table client alter column id type text using id::text;
alter table code add constraint code_client_id_fkey foreign key (client_id) references client (id) on delete cascade;
-- @@ last client=script
alter table code add column hash text;
