-- a trigger function replaced by one of another name and schema; arguments; the old one dropped; trigger renamed
-- @strict
-- @@ a client=script
create schema trg;
create table t (id int primary key, at timestamptz);
create function touch() returns trigger language plpgsql as 'begin new.at = now(); return new; end';
create trigger t_touch before update on t for each row execute function touch('a');
-- @@ b client=script
create function trg.touch() returns trigger language plpgsql as 'begin new.at = clock_timestamp(); return new; end';
drop trigger t_touch on t;
create trigger t_touch before insert or update of id on t for each row when (new.id > 0) execute function trg.touch('b', '1');
drop function touch();
-- @@ c client=script
alter trigger t_touch on t rename to t_touched;
alter table t enable always trigger t_touched;
alter table t add column z int;
-- @@ d client=script
create or replace trigger t_touched after insert on t referencing new table as fresh for each statement execute function trg.touch();
alter table t rename to tt;
