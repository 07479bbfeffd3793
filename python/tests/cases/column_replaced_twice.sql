-- @strict
-- a column is replaced twice through a working name: what the text adds under a name that is there says that the one
-- that had it was renamed
-- @@ a
create table m (id int primary key, amount text, note text);
-- @@ b client=psql1
alter table m add column amount_new int;
update m set amount_new = amount::int;
alter table m drop column amount;
alter table m rename column amount_new to amount;
-- @@ c client=psql1
alter table m add column amount_new numeric(10,2) not null default 0;
update m set amount_new = amount;
alter table m drop column amount;
alter table m rename column amount_new to amount;
-- @@ d
alter table m add column x int;
