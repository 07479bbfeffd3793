-- behind a build, a view that is published has a column renamed, a type that is published another name, an enum another
-- label, and nothing that follows names them
-- @strict
-- @@ a
create type st as enum ('new', 'done');
create table t (id int primary key, a int, s st default 'new');
create view v as select id, a from t;
create view w as select a from v;
-- @@ build
-- @@ b
alter view v rename column a to alpha;
alter type st rename to state;
alter type state add value 'gone';
create table x (id int);
-- @@ build
-- @@ c
alter table t rename column a to beta;
create table y (id int);
-- @@ build
-- @@ d
create or replace view v as select id, beta as alpha, s from t;
