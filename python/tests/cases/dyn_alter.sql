-- blocks and functions whose dynamic DDL depends on the catalog; one text, many objects, repeated calls
-- @@ a
create table aa (id int primary key); create table bb (id int primary key); create table cc (id int primary key);
create function add_audit(t regclass) returns void language plpgsql as $$ begin execute format('alter table %s add column created_at timestamptz not null default now(), add column created_by text', t); execute format('create index on %s (created_at)', t); end $$;
-- @@ b
select add_audit('aa'); select add_audit('bb');
-- @@ c
do $$ declare r record; begin for r in select oid::regclass as t from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname loop execute format('alter table %s add column if not exists tenant int not null default 1', r.t); end loop; end $$;
-- @@ d
select add_audit(oid) from pg_class where relname = 'cc';
do $do$ begin create function made() returns int language sql as 'select 1'; execute 'create view vv as select * from aa'; if not exists (select from pg_tables where tablename = 'aa') then create table never (); else create table ever (); end if; exception when duplicate_table then null; end $do$;
-- @@ e expect_error
alter table aa drop column created_by;
drop view vv;
