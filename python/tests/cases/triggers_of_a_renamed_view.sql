-- a view with a trigger gives its name to another one, which has one too, and takes it back when that is dropped
-- @@ one
create table base (one int, two text);
create function b() returns trigger language plpgsql as $$ begin insert into base values (new.one); return new; end $$;
create view a as select one, two from base;
create trigger c instead of insert on a for each row execute function b();
-- @@ two
alter view a rename to aa;
create view a as select two from base;
create trigger c instead of delete on a for each row execute function b();
-- @@ three
alter trigger c on aa rename to d;
create or replace view aa as select one, two, one + 1 as three from base;
-- @@ four
drop view a;
alter view aa rename to a;
alter table base add column four int;
