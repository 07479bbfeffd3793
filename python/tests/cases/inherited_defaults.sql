-- what an heir does not have of what its parents, or theirs, give it: a default, and until 17 that it may be null
-- @strict
-- @@ a
create table base (id int not null, note text default 'b', k int, m int default 1);
create table mid (extra int) inherits (base);
create table low (note text default 'l', more text) inherits (mid);
-- @@ b
alter table mid alter column note drop default;
-- @@ c
alter table only base alter column k set not null;
-- @@ d
alter table low alter column m drop default;
alter table mid alter column m set default 2;
-- @@ e
alter table only mid alter column k set not null;
alter table base alter column id drop not null;
-- @@ f
alter table low add column z int;
