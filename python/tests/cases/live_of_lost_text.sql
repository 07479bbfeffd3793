-- tables, indexes and views that a prepared statement or rows of COPY made: no text has them, the live catalog does
-- @strict
-- @@ a
create function mk(n text) returns void language plpgsql as $$ begin
  execute format('create table %I (id int primary key, v text)', n);
  execute format('create index %I on %I (v)', n || '_v', n);
  execute format('create view %I as select id, v from %I', 'v_' || n, n);
end $$;
create table wanted (n text);
create function on_wanted() returns trigger language plpgsql as 'begin perform mk(new.n); return new; end';
create trigger on_wanted after insert on wanted for each row execute function on_wanted();
-- @@ b
prepare p (text) as select mk($1);
execute p('one');
execute p('two');
-- @@ c
copy wanted from stdin;
three
\.
-- @@ d
alter table two rename column v to vv;
alter table one add column w int;
-- @@ e
alter table two rename to second;
create view last as select id from three;
