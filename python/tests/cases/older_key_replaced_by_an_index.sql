-- a key of an older table is replaced, under its own name, by an index: before, only its name is known
-- @after select new_definition not like '%PRIMARY KEY (version_id%' and new_definition not like '%UNIQUE (n, code)%' from pggit_audit.changes where object_identity = 'public.downloads' and origin = 'v1' order by v1_version_id limit 1
-- @@ older setup
create table downloads (id bigserial primary key, version_id integer not null, day date not null, n integer not null default 0, code text, constraint d_code unique (code));
-- @@ a client=script
alter table downloads alter n set default 1;
-- @@ b client=script
create unique index downloads_unique on downloads (version_id, day);
create unique index d_code2 on downloads (n, code);
-- @@ c client=script
alter table downloads drop constraint downloads_pkey;
alter table downloads add constraint downloads_pkey primary key using index downloads_unique;
alter table downloads drop constraint d_code, add constraint d_code unique using index d_code2;
-- @@ d client=script
alter table downloads add column z int;
