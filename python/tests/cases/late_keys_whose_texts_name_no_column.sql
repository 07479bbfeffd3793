-- late tracker: older tables that go had keys as the others have, whose texts name no column
-- @@ o setup client=script
create table users (id int primary key);
create table o1 (id int primary key, user_id int references users);
create table o2 (id int primary key, user_id int references users);
-- @@ a author=alice client=script
create table a (id int primary key, user_id int references users);
create table b (id int primary key, user_id int references users);
create table c (id int primary key, user_id int references users);
alter table o1 add column x int;
-- @@ b author=bob client=script
drop table a;
drop table b;
drop table c;
-- @@ c author=bob
drop table o1;
-- @@ d author=bob
drop table o2;
