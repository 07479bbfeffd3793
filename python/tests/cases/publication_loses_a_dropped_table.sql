-- @strict
-- A publication loses a table that is dropped: no statement names it, and nothing but the table is locked.
-- @@ m1 client=script
create table account (id int);
create table other (id int);
create table "Third" (id int);
create publication pub_1 for table account, "Third";
create publication pub_2 for table other where (id > 3);
alter table other add column c int;
-- @@ m2
drop table "account";
-- @@ m3
alter table other add column a int;
-- @@ m4
do $$ begin drop table if exists other, "Third"; end $$;
-- @@ m5
create table last (id int);
