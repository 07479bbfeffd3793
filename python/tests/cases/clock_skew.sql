-- source kinds: clocks that go backwards, rows without author or time, erased rows
-- @@ a
create table k1 (id int primary key, a text);
create view kv as select id from k1;
-- @@ b
alter table k1 add column b int;
-- @@ c
create table k2 (id int primary key);
alter table k1 add column c int;
-- @@ d
drop view kv;
create view kv as select id, c from k1;
-- @@ e
alter table k2 add column z int;
-- @erase update pggit.history set created_at = created_at - interval '10 years' where id in (select id from pggit.history order by id desc limit 1)
-- @erase update pggit.history set created_by = 'Zoë "x" <z@y>' where id = (select max(id) - 4 from pggit.history)
