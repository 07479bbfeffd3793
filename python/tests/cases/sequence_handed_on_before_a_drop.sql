-- a sequence is handed on to another table or column without a row, and what it belonged to is dropped without CASCADE
-- @strict
-- @@ a client=psql1
create table item (id serial primary key, v text);
create table parent (id serial primary key, name text);
create table lone (id serial primary key, n int);
-- @@ b client=psql1 author=deploy_bot
create table item_new (like item including defaults);
create table other (n int default nextval('lone_id_seq'));
-- @@ c client=script
alter table parent add column id_new bigint not null default 0;
alter table parent alter id_new set default nextval('parent_id_seq');
-- @@ d client=psql1 author=alice
alter sequence item_id_seq owned by none;
alter sequence parent_id_seq owned by parent.id_new;
alter sequence lone_id_seq owned by none;
drop table item;
alter table parent drop column id;
drop table lone;
-- @@ e
alter table item_new add column x int;
alter table parent add column x int;
alter table other add column x int;
