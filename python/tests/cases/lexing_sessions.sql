-- how a session reads backslashes is known only from its other texts, the recorded defaults and the live catalog
-- @@ a
create table t (id int, note text default 'a\b', path text default 'c:\x');
create table gone (p text check (p ~ '^\\d+\\s$'));
-- @@ b
set standard_conforming_strings = off;
create table off_live (p text check (p ~ '^\\w+$'));
create table off_gone (p text check (p ~ '^\\w+$'));
comment on table t is 'one\\two';
-- @@ c
set standard_conforming_strings = off;
create table quoted (a text default 'it\'s');
create table beside (p text check (p <> 'x\\y'));
create function f() returns text language sql as 'select \'x\\\\y\'::text';
-- @@ d
drop table gone;
drop table off_gone;
alter table t add column n int;
-- @@ e
create rule r as on delete to t do instead (select 1; select 'a;b');
create rule r2 as on insert to t where new.id = 0 do also (delete from quoted; delete from beside);
alter table t add column m int;
