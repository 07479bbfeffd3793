-- heirs of several parents, which get columns, lose them and leave them; and heirs of heirs
-- @strict
-- @@ a
create table p1 (a int, b text default 'p1', gone int);
create table p2 (b text default 'p2', c int not null);
create table kid (d int, b text default 'kid', e2 int generated always as (d * 2) stored) inherits (p1, p2);
create table kids_kid (x int, y text) inherits (kid);
-- @@ b
alter table p2 add column d int;
alter table p1 drop column gone;
alter table p1 add column e int;
-- @@ c
alter table p1 add column c int;
alter table kid add column f int;
alter table p2 add column y text;
-- @@ d client=script
alter table kid no inherit p1;
alter table p2 add column g int default 7;
alter table only p2 drop column b;
-- @@ build
-- @@ e
alter table kid inherit p1;
