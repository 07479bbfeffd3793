-- @strict
-- what is set of the index of a key is said with its table, also where only the index is altered
-- @@ a
create table r (id int primary key with (fillfactor = 55), v text, w int unique);
create table p (id int primary key) partition by range (id);
create table p1 partition of p for values from (0) to (9);
-- @@ b
alter table r set unlogged;
alter index r_pkey set (fillfactor = 88);
-- @@ c
alter index r_w_key set (deduplicate_items = off);
alter table r cluster on r_w_key;
alter table r replica identity using index r_pkey;
-- @@ d
alter index p1_pkey set (fillfactor = 77);
alter table r set without cluster;
alter index r_pkey reset (fillfactor);
-- @@ e
alter table r add column z int;
