-- views have the columns of others written out, of which one was renamed without a row: by a role whose statements the
-- tracker does not see, or before the next record of the table; what lives, or does not, tells
-- @@ a
create table t (id int, note text);
create table u (id int, note text);
create view v as select id, note from t;
-- @@ b
set session_replication_role = replica;
alter view v rename column note to remark;
reset session_replication_role;
alter table u rename column note to remark;
-- @@ c
create view w as select * from v;
create view x as select w.* from w;
create view y as select * from u;
-- @@ d
alter table t add column m int;
drop view y;
alter table u add column m int;
