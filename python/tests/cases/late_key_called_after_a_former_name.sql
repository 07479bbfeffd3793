-- an older table had another name before the tracker came, after which its key is called; the text that drops that
-- key says its name, IF EXISTS, and gives the column another one; the column goes in the end
-- @strict
-- @@ older setup client=script
create table dataset (id uuid primary key, name text);
create table notice (id uuid primary key, dataset_id uuid not null, body text);
alter table notice add constraint notice_dataset_id_fkey foreign key (dataset_id) references dataset (id);
alter table notice rename to upload_notice;
create table file (id uuid primary key, dataset_id uuid not null references dataset (id));
create table topic (id uuid primary key, dataset_id uuid not null references dataset (id));
create table message (id uuid primary key, dataset_id uuid not null references dataset (id));
-- @@ first client=script
alter table upload_notice add column at timestamp;
-- @@ renamed client=script
alter table upload_notice rename to event;
-- @@ given client=script
alter table event drop constraint if exists notice_dataset_id_fkey;
alter table event add constraint event_dataset_id_fkey foreign key (dataset_id) references dataset (id);
-- @@ gone client=script
alter table event drop column dataset_id;
