-- a function that makes a tenant's schema for a role, and grants it to a role of the tenant; the roles are gone by now
-- @@ a author=alice client=script
create function make_tenant(tenant text) returns void language plpgsql as $f$
begin
  execute format('create role %I nologin', tenant || '_role');
  execute format('create schema %I authorization %I', tenant, tenant || '_role');
  execute format('create table %I.items (id int primary key, v text)', tenant);
  execute format('create index items_v on %I.items (v)', tenant);
  execute format('grant usage on schema %I to %I', tenant, tenant || '_role');
  execute format('grant select on all tables in schema %I to %I', tenant, tenant || '_role');
end $f$;
-- @@ b author=alice
select make_tenant('p6_one');
-- @@ c author=alice
do $$ begin if to_regclass('p6_two.x') is null then create role p6_two_role; create schema p6_two authorization p6_two_role; create table p6_two.x (id int primary key); set local role p6_two_role; reset role; end if; end $$;
-- @@ d author=bob
alter table p6_one.items add column n int;
-- @@ d2
reassign owned by p6_one_role, p6_two_role to current_user;
-- @@ e
drop owned by p6_one_role, p6_two_role;
-- @@ f
drop role p6_one_role, p6_two_role;
-- @@ g author=bob
create index items_n on p6_one.items (n);
