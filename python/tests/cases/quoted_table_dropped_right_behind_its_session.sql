-- tables with quoted names go by statements of their own soon after they came, and little else leaves no row: the ids show it
-- @strict
-- @@ first
create table "Owner" (id int primary key);
create table "Lock" (id int primary key);
create index "Lock_id" on "Lock" (id);
-- @@ second
drop table "Lock";
-- @@ third
alter table "Owner" add column a int;
-- @@ fourth
alter table "Owner" add column b int;
-- @@ fifth
create table "Pet" (id int primary key);
-- @@ sixth
drop table "Pet";
-- @@ seventh
alter table "Owner" add column c int;
create index on "Owner" (c);
-- @@ eighth
alter table "Owner" add column d int;
-- @@ ninth
create table "Visit" (id int primary key, "owner" int references "Owner");
-- @@ tenth
alter table "Owner" add column e int;
