-- two people at work at the same time: their transactions end in another order than they began
-- @strict
-- @@ a
create table orders (id int primary key, note text);
create table users (id int primary key, name text);
-- @@ b client=sessions
-- > alice
begin;
create table a1 (id int primary key);
alter table orders add column total int;
-- > bob
begin;
create table b1 (id int primary key);
alter table users add column email text;
-- > alice
create index a1_i on a1 (id);
-- > bob
create view bv as select id, email from users;
commit;
-- > alice
alter table a1 add column late text;
commit;
-- @@ c
alter table users rename column email to mail;
-- @@ d client=sessions
-- > alice
begin;
create table a2 (id int primary key);
-- > bob
create table b2 (id int primary key);
create sequence s2;
alter table b2 alter column id set default nextval('s2');
-- > alice
create type e2 as enum ('x','y');
alter table a2 add column e e2;
comment on table a2 is 'made by alice';
commit;
-- > bob
alter table b2 add column note text;
-- @@ e
alter table a2 add column last text;
-- @@ f client=sessions
-- > alice
begin;
alter table a2 rename column last to latest;
-- > bob
create table b3 (id int primary key, v text);
create table b4 (id int primary key);
-- > alice
create table a3 (id int primary key);
rollback;
-- > bob
alter table b3 add column w text;
drop table b4;
-- @@ g
alter table a2 add column very_last text;
drop table b3;
