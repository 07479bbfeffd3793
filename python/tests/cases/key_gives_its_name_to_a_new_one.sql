-- @strict
-- a key column gives its name to a new one in one transaction, which took its default first, and all that follows needs the new one
-- @@ a
create table doc (id serial primary key, title text);
create table page (id serial primary key, doc_id int not null references doc on delete cascade);
alter table doc add column uid uuid not null default gen_random_uuid();
alter table page add column doc_uid uuid;
-- @@ b client=psql1
alter table page drop constraint page_doc_id_fkey;
alter table page drop column doc_id;
alter table doc drop constraint doc_pkey;
alter table doc alter column id drop default;
alter table doc rename column id to old_id;
alter table doc rename column uid to id;
alter table doc add primary key (id);
alter table page rename column doc_uid to doc_id;
alter table page alter doc_id set not null, add foreign key (doc_id) references doc on delete cascade;
create view docs as select d.id, d.old_id, count(p.id) as pages from doc d left join page p on p.doc_id = d.id group by d.id;
-- @@ c
alter table doc rename column title to name;
create table copy (like doc including defaults);
alter table doc alter old_id drop not null;
