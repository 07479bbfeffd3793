-- a column that goes gives its name to another: what names that one in the end was made before, and leaves no row
-- @@ a client=script
create table users (u_id bigint primary key, name text not null, email text, id bigint generated always as (u_id) stored);
alter table users enable row level security;
create table notes (n_id bigint primary key, body text, who text, id bigint generated always as (n_id) stored);
-- @@ b client=script
create policy own on users using (u_id = 1) with check (u_id = 1);
create policy named on users for select using (name <> '');
create index notes_body on notes (body) where n_id > 0;
-- @@ c client=psql
create policy alone on users for delete using (u_id = 2);
-- @@ d client=script
create table between (id int);
-- @@ e client=script
alter table users drop column id;
alter table users rename column u_id to id;
alter table notes drop column id;
alter table notes rename column n_id to id;
-- @@ f client=script
alter table users add column z int;
alter table notes add column z int;
