-- foreign tables that inherit
-- @@ a
create foreign data wrapper w;
create server s foreign data wrapper w;
create table base (id int not null, note text);
create foreign table f (own int, note text) server s;
alter table base add column own int;
alter foreign table f add column id int not null;
alter foreign table f inherit base;
-- @@ b
create foreign table g (x int, late int) inherits (base) server s;
alter table base add column x int;
alter table base add column late int;
-- @@ build
-- @@ c
alter foreign table g add column z int;
