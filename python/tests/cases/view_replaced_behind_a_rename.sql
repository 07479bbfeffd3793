-- columns of a view are renamed without a row, and then CREATE OR REPLACE has the new names: the view was not dropped
-- @strict
-- @events public.pub = CREATE ALTER ALTER ALTER CREATE CREATE
-- @@ a
create table w (id int primary key, v text, hid text);
create view pub with (security_barrier) as select id, v, hid from w where hid is null with local check option;
create view reads_it as select v from pub;
-- @@ b
alter view pub alter column v set default 'none';
-- @@ c
alter view pub rename column v to val;
alter view pub rename column hid to hidden;
create or replace view pub as select id, v as val, hid as hidden, 1 as one from w with cascaded check option;
-- @@ d
alter table w add column z int;
