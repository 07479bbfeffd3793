-- a parent that gets and loses defaults and columns for itself alone, and what its heirs say otherwise since
-- @strict
-- @@ a
create table p (id int, x text); create table ch () inherits (p); create table gch (own int) inherits (ch);
-- @@ b
alter table p * add column y int;
alter table only ch add constraint ck check (x <> '') no inherit;
alter table if exists only p alter column x set default 'q';
-- @@ c
alter table only p drop column y;
-- @@ d
alter table only p alter column x set default 'r';
alter table only p alter column x drop default;
alter table ch no inherit p;
-- @@ e
alter table p add z int;
alter table ch add z int;
alter table ch inherit p;
-- @@ f
alter table p alter z set default 3;
alter table only gch alter z drop default;
alter table only ch alter z set default 4;
