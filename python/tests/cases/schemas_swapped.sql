-- @strict
-- blue and green schemas, the same inside, change their names in texts
-- @@ a client=script
create schema live; create schema next;
create table live.item (id int primary key, n text); create type live.kind as enum ('a');
create table next.item (id int primary key, n text); create type next.kind as enum ('a');
create function live.one() returns int language sql as 'select 1'; create function next.one() returns int language sql as 'select 1';
-- @@ b client=script
alter schema live rename to old; alter schema next rename to live; create table marker (id int);
-- @@ build
-- @@ c client=script
alter table live.item add column more text; alter table old.item add column less text;
-- @@ d client=script
alter schema live rename to tmp; alter schema old rename to live; alter schema tmp rename to old; create table marker2 (id int);
-- @@ e client=script
drop schema old cascade; alter table live.item add column z int;
