-- indexes built and dropped while others work
-- @strict
-- @@ a
create table t (id int, a text, b text);
create unique index t_id on t (id);
-- @@ b
create index concurrently t_a on t (a);
create unique index concurrently t_id_new on t (id);

-- @@ c
begin;
alter table t add constraint t_pkey primary key using index t_id_new;
commit;
drop index concurrently t_id;
-- @@ d
reindex index concurrently t_a;
reindex table concurrently t;
-- @@ e
create index concurrently t_a_new on t (a) where b is not null;
drop index concurrently if exists t_a;
alter index t_a_new rename to t_a;
-- @@ f
alter table t alter column a type varchar(50);
reindex table t;
-- @@ g
alter table t add column c int;
