-- functions that run DDL under their own search_path, are called, and dropped later
-- @strict
-- @@ a client=script
create schema tenant_a; create schema tenant_b;
create function mk(s text) returns void language plpgsql as $f$
begin
  perform set_config('search_path', s, true);
  create table account (id int primary key, name text);
  create index account_name on account (name);
end $f$;
-- @@ b client=script
select mk('tenant_a');
alter table tenant_a.account add column a int;
-- @@ c client=script
select mk('tenant_b');
create table public.done (id int);
-- @@ d client=script
drop function mk(text);
alter table tenant_b.account add column b int;
-- @@ e client=script
set search_path = tenant_b, tenant_a;
alter table account rename to acct;
alter table account add column c int;
