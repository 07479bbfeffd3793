-- an older foreign key is dropped and made again because the types of its columns change: it did then what it does now
-- @strict
-- @@ older setup client=script
create table client (id uuid primary key, name text);
create table code (id uuid primary key, client_id uuid not null references client (id) on delete cascade);
create table session (id uuid primary key, client_id uuid not null references client (id) on delete cascade);
create table visit (id uuid primary key, code_id uuid not null references code (id) on delete restrict);
-- @@ first client=script
alter table code add column nonce text;
alter table client add column logo text;
alter table session add column ip text;
-- @@ retyped client=script
alter table code drop constraint if exists code_client_id_fkey;
alter table session drop constraint if exists session_client_id_fkey;
alter table code alter column client_id type text using client_id::text;
alter table session alter column client_id type text using client_id::text;
alter table client alter column id type text using id::text;
alter table code add constraint code_client_id_fkey foreign key (client_id) references client (id) on delete cascade;
alter table session add constraint session_client_id_fkey foreign key (client_id) references client (id) on delete cascade;
-- @@ otherwise client=script
alter table visit drop constraint visit_code_id_fkey;
alter table visit add constraint visit_code_id_fkey foreign key (code_id) references code (id) on delete cascade;
