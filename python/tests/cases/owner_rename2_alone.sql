-- as in owner_rename2, each statement sent by itself in one transaction: the rename is in no text at all
-- @@ a client=psql1
create table "Pet" (id int primary key, owner text, kind text);
alter table "Pet" rename column owner to keeper;
-- @@ b
create table other (id int);
-- @@ c client=psql1
alter table "Pet" add column x int;
-- @@ d client=psql1
create table gone (id int primary key, owner text);
alter table gone rename column owner to keeper;
-- @@ e
drop table gone;
