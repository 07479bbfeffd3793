-- parents get columns when there are heirs with columns of their own: the order is not that of CREATE TABLE
-- @strict
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
alter table base add column last int not null default 4 check (last > 0);
comment on column low.last is 'inherited';
create index on low (last, x);
-- @@ build
-- @@ d
create view w as select * from low;
alter table low add column more int default 4;
alter table low alter column last set default 9;
alter table only base drop column note;
