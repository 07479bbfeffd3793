-- @strict
-- an enum in expressions of all kinds and in arguments; its labels, then it and a domain over it are renamed
-- @@ first client=script
create type st as enum ('new', 'old');
create table t (id int, s st default 'new', check (s <> 'old' or id > 1), g bool generated always as (s = 'new') stored);
create index t_new on t (id) where s = 'new';
create view v as select * from t where s = 'new'::st;
create domain ds as st default 'new' check (value <> 'old');
create table p (s st, d ds) partition by list (s);
create table p1 partition of p for values in ('new');
create function f(x st default 'new') returns st language sql as 'select x';
create procedure g(x st[], y ds) language sql as '';
create materialized view m as select * from t where s in ('new', 'old');
create policy pol on t using (s = 'new');
create statistics stt on (s = 'new'), id from t;
-- @@ label client=script
alter type st rename value 'new' to 'fresh';
create table b1 (id int);
-- @@ renamed client=script
alter type st rename to state;
create table b2 (id int);
-- @@ domain client=script
alter domain ds rename to dstate;
create table b3 (id int);
