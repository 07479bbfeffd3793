-- a rule of a view that returns its columns is dropped without a row, behind a build, before the view gets another one
-- @@ one
create table item (id int primary key, qty int, note text);
create view v as select id, qty from item;
create rule v_ins as on insert to v do instead insert into item (id, qty) values (new.id, new.qty) returning item.id, item.qty;
-- @@ two
alter table item add column n int;
-- @@ build
-- @@ three
drop rule v_ins on v;
create or replace view v as select id, qty, note from item;
-- @@ four
alter table item add column m int;
