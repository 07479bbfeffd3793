-- @strict
-- a block drops a schema and makes everything again in it, by a list
-- @@ a client=script
create schema rep;
create table rep.x (id int primary key, v int);
create view rep.y as select v from rep.x;
-- @@ b client=script
do $$ declare n text; begin
  drop schema if exists rep cascade;
  create schema rep;
  foreach n in array array['x', 'z'] loop
    execute format('create table rep.%I (id bigint primary key, w text)', n);
  end loop;
  create view rep.y as select x.w, z.id from rep.x join rep.z using (id);
end $$;
-- @@ c client=script
alter table rep.x add column n int;
