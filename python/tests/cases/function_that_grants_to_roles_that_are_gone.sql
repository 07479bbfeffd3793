-- a function that makes a tenant's schema, and grants it to a role of the tenant; the roles are gone by now
-- @@ a author=alice client=script
create function make_tenant(tenant text) returns void language plpgsql as $f$
begin
  execute format('create schema %I', tenant);
  execute format('create role %I nologin', tenant || '_role');
  execute format('create table %I.items (id int primary key, v text)', tenant);
  execute format('create index items_v on %I.items (v)', tenant);
  execute format('grant usage on schema %I to %I', tenant, tenant || '_role');
  execute format('grant select on all tables in schema %I to %I', tenant, tenant || '_role');
end $f$;
-- @@ b author=alice
select make_tenant('p3_one');
-- @@ c author=alice
select make_tenant('p3_two');
-- @@ d author=bob
alter table p3_one.items add column n int;
-- @@ e
drop owned by p3_one_role, p3_two_role;
-- @@ f
drop role p3_one_role, p3_two_role;
-- @@ g author=bob
create index items_n on p3_one.items (n);
