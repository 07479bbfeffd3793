-- a block reads rows, and makes triggers by them; the one ALTER of its table stands in plain sight, and left the one row of it:
-- what it does to the table is certain; not of a table that it may have altered by a string. On a condition, the row shows
-- that it did
-- @strict
-- @after select bool_and(fidelity = 'exact') from pggit_audit.changes where origin = 'v1' and object_name in ('pet', 'toy')
-- @after select count(*) = 1 and bool_and(fidelity = 'repaired') from pggit_audit.changes where origin = 'v1' and object_name = 'vet' and change_type = 'ALTER' and new_definition not like '%born%'
-- @@ first client=script
create table pet (id int primary key, name text);
create table vet (id int primary key, name text);
create table toy (id int primary key, name text);
create table kind (id int, name text);
create function note() returns trigger language plpgsql as $$begin return new; end$$;
-- @@ second
do $$
declare
    one record;
    how text;
begin
    for one in select * from kind loop
        how = 'drop trigger if exists "noted_' || one.id || '" on pet';
        execute how;
        how = 'create trigger "noted_' || one.id || '" before insert on pet for each row execute function note()';
        execute how;
    end loop;
    alter table pet alter name set default 'none';
end
$$;
-- @@ third
alter table pet add column born date;
-- @@ fourth
do $$
declare
    one record;
    how text;
begin
    for one in select * from kind loop
        how = 'alter table vet add column "' || one.name || '" int';
        execute how;
    end loop;
    alter table vet alter name set default 'none';
end
$$;
-- @@ fifth
do $$
begin
    if not exists (select from kind) then
        alter table toy alter name set default 'none';
    end if;
end
$$;
-- @@ sixth
alter table vet add column born date;
alter table toy add column born date;
