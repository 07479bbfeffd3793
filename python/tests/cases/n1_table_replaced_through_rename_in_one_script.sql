-- table replaced through rename in one script
-- @@ a client=script
create table item (id serial primary key, a text);
create index item_a on item (a);
-- @@ b client=script expect_error
create table item_new (like item including all);
alter table item_new add column b int;
insert into item_new (id, a) select id, a from item;
drop table item;
alter table item_new rename to item;
-- @@ c client=script
alter table item add column c int;
