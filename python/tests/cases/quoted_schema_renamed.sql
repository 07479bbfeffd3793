-- enum on a quoted schema: values added before/after, renamed, moved; arrays, defaults, a partial index, a function
-- @strict
-- @@ a client=script
create schema "Sales";
create type "Sales"."Status" as enum ('open', 'in work', 'Done; ok');
create table "Sales"."Order" (id int primary key, st "Sales"."Status" not null default 'open', log "Sales"."Status"[] default array['open']::"Sales"."Status"[]);
create index on "Sales"."Order" (id) where st = 'Done; ok';
-- @@ b client=script
alter type "Sales"."Status" add value 'paid' after 'open';
alter table "Sales"."Order" add column a int;
-- @@ c client=script
alter type "Sales"."Status" rename value 'Done; ok' to 'done';
alter table "Sales"."Order" add column b int;
-- @@ d client=script
alter type "Sales"."Status" rename to "State";
alter type "Sales"."State" set schema public;
create function is_paid(s "State") returns boolean language sql immutable as $$ select s::text = 'paid' $$;
alter table "Sales"."Order" add column ok boolean generated always as (st = 'paid') stored;
-- @@ e client=script
alter schema "Sales" rename to sales;
alter table sales."Order" rename to orders;
alter table sales.orders alter st set default 'in work';
