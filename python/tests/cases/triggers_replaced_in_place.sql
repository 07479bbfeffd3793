-- triggers are replaced in place, renamed, disabled; a constraint trigger; the function behind them changes
-- @@ a client=script
create table a (id int primary key, u timestamptz, v int);
create function touch() returns trigger language plpgsql as $$ begin new.u := now(); return new; end $$;
create function check_v() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger a_touch before update on a for each row execute function touch();
create constraint trigger a_check after insert on a deferrable initially deferred for each row execute function check_v();
-- @@ b client=script
create or replace trigger a_touch before insert or update of v on a for each row when (new.v > 0) execute function touch();
-- @@ c client=script
alter trigger a_check on a rename to a_checked;
alter table a disable trigger a_checked;
-- @@ d client=script
create or replace function touch() returns trigger language plpgsql as $$ begin return new; end $$;
-- @@ e client=script
drop trigger a_touch on a;
drop function touch;
alter table a add column w int;
