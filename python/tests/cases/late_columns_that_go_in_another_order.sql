-- one text takes two columns from an older table, the last one first: the record between says which place is whose
-- @strict
-- @@ older setup client=script
create table part (id bigint primary key, part_no bigint not null);
create table kind (id bigint primary key, part_id bytea not null);
create table event (id bigint primary key, at timestamp not null, proof_id bigint, part_id bigint);
create table sale (id bigint primary key, part_id bigint);
create table offer (id bigint primary key, part_id bigint);
-- @@ first client=script
create table other (id bigint primary key);
-- @@ second client=script
alter table event drop column part_id;
alter table event drop column proof_id;
-- @@ third client=script
alter table event add column note text;
