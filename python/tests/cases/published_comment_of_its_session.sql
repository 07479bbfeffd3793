-- a comment that comes right behind the last row of a build is of the session that made its table
-- @@ first
create table t (id int primary key);
create view v as select id from t;
comment on table t is 'a table';
-- @@ build
-- @@ second
alter table t add column m int;
-- @@ build
-- @@ third
create view w as select id from t;
comment on table t is 'another';
