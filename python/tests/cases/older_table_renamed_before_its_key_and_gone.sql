-- of a table that is older than the tracker and gone in the end, texts under its later name count as well: the one that
-- gives a column its key says that it had none before
-- @strict
-- @@ earlier setup
create table org (id int primary key);
create table pet (id int primary key, org_id int references org (id));
create table toy (id int primary key, org_id int references org (id));
create table bowl (id int primary key, org_id int references org (id));
create table chip (id int primary key, org_id int);
-- @@ first
alter table chip add column note text;
-- @@ second author=bob
alter table chip rename to tag;
-- @@ third
alter table tag add constraint tag_org foreign key (org_id) references org (id);
-- @@ fourth
alter table pet add column name text;
-- @@ fifth
drop table tag;
