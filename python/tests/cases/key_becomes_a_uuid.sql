-- @strict
-- a serial key becomes a uuid key, with the foreign key that follows
-- @@ a client=psql1
create table doc (id serial primary key, title text);
create table page (id serial primary key, doc_id int not null references doc (id) on delete cascade);
create index page_doc on page (doc_id);
-- @@ b client=psql1
alter table doc add column uid uuid not null default gen_random_uuid();
alter table page add column doc_uid uuid;
update page set doc_uid = d.uid from doc d where d.id = doc_id;
-- @@ c client=psql1
alter table page drop constraint page_doc_id_fkey;
alter table page drop column doc_id;
alter table page rename column doc_uid to doc_id;
alter table doc drop constraint doc_pkey;
alter table doc drop column id;
alter table doc rename column uid to id;
alter table doc add primary key (id);
alter table page add foreign key (doc_id) references doc (id);
create index page_doc on page (doc_id);
-- @@ d
alter table page add column n int;
