-- an older table: what is made LIKE it shows the name that a column had, and its id when it lost that
-- @@ before setup
create table warnings (id int primary key, generation int not null, code text);
-- @@ other
create table other (id int);
-- @@ copy
create table kept (like warnings);
-- @@ renamed
alter table warnings rename column generation to treatment;
create table more (id int);
-- @@ later
alter table other add column n int;
-- @after select count(*) = 0 from pggit_audit.repairs where rule = 'reconcile'
