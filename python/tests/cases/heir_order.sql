-- a child has a column of its own, and its parent gets one of that name: a restore puts it first, as pg_dump's does
-- @nohead
-- @@ a
create table base (id int primary key, note text);
create table low (x int) inherits (base);
alter table low add column y int;
alter table base add column y int;
-- @@ b
create table lower (z int, note text) inherits (base);
alter table lower no inherit base;
alter table lower inherit base;
-- @@ c
alter table base add column last int;
