-- @strict
-- checks of parents: no inherit, not valid with valid ones of heirs, validated one by one
-- @@ a client=script
create table a (n int, m int);
create table b (x int) inherits (a);
create table c (y int) inherits (b);
alter table b add constraint pos check (n > 0);
alter table a add constraint pos check (n > 0) not valid;
alter table a add constraint own check (m > 0) no inherit not valid;
-- @@ b client=script
alter table c add constraint own check (m > 0) not valid;
alter table b add constraint low check (n < 100) not valid;
alter table c add constraint low check (n < 100) not valid;
-- @@ build
-- @@ c client=script
alter table b validate constraint low;
alter table a validate constraint own;
-- @@ d client=script
alter table c no inherit b;
alter table c add column z int;
