-- two scripts, of which the first ends while the second is at work; later statements need what the other made meanwhile
-- @strict
-- @clock
-- @noextra
-- @@ a
create table users (id int primary key, name text);
create table orders (id int primary key, note text);
-- @@ b client=sessions
-- > alice script
create table a1 (id int primary key);
select pg_sleep(1);
create view a_users as select id, full_name from users;
create table a2 (id int primary key, email text references b_mail (mail));
-- > bob script
alter table users rename column name to full_name;
create table b_mail (mail text primary key);
-- > bob2 script
create table c1 (id int primary key);
select pg_sleep(1.6);
alter table a1 add column v text;
create index a1_v on a1 (v);
alter table c1 add column a int references a2 (id);
-- @@ c
alter table a1 add column w text;
alter table users add column x int;
-- @@ d client=sessions
-- > alice script
do $$ begin
  create table d1 (id int primary key);
  begin
    create table d2 (id int primary key);
    create table d2 (id int);
  exception when duplicate_table then
    create table d3 (id int primary key);
  end;
  perform pg_sleep(1);
  begin
    alter table d3 add column v text;
  exception when others then null;
  end;
  create index d3_v on d3 (v);
end $$;
-- > bob
create table e1 (id int primary key);
begin;
alter table orders rename column note to remark;
create table e2 (id int primary key, remark text);
commit;
-- > alice2 script
create table f1 (id int primary key);
alter table e2 add column f int references f1 (id);
-- @@ e
alter table d3 add column w text;
alter table d1 add column w text;
alter table orders add column w text;
alter table e2 drop column f;
drop table f1;
