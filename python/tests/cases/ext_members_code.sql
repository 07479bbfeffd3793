-- an extension's functions, and behind it code that calls a function of the same text: which rows are whose, the first
-- table's row tells; the function that the text makes leaves one as well
-- @server 15
-- @strict
-- @@ a client=script
create table version (id int primary key, body jsonb not null, md5 text not null);
create index version_body on version using gin (body jsonb_path_ops);
-- @@ b client=script
create extension if not exists pgcrypto;
alter table version add column sha text;
alter table version add constraint sha_told check (sha is not null) not valid;
create index version_md5 on version (md5);
drop index if exists version_body;
create or replace function known(value jsonb) returns jsonb language sql as
$$ select case when jsonb_typeof($1) <> 'object' then '{}'::jsonb else $1 end $$;
with told as (select id, encode(digest(known(body)::text, 'sha256'), 'hex') as sha from version)
update version as v set sha = t.sha from told as t where t.id = v.id;
alter table version add constraint version_sha unique (sha);
create index version_body on version using gin (body jsonb_path_ops) with (fastupdate = false);
alter table version alter column md5 drop not null;
alter table version drop constraint sha_told;
-- @@ build
-- @@ c
alter table version drop column md5;
