-- A block in which nothing is declared, tried or done on a condition: each of its rows is of one of its statements.
-- And one that reads and changes rows first: what it makes then, it makes whatever there is in them.
-- @strict
-- @@ first
create schema shop;
create table shop.parcel (id int primary key, weight int, note text);
-- @@ second
do $$
begin
    set search_path = 'shop';
    -- a short lock
    alter table parcel add constraint weight_known check (weight is not null) not valid;
    alter table parcel validate constraint weight_known;
    alter table parcel alter column weight set not null;
    alter table parcel drop constraint weight_known;
    raise notice 'weights are known';
    execute 'alter table parcel add column sent date';
    update parcel set note = '';
    create table label (id int primary key, parcel_id int references parcel);
end
$$;
-- @@ third client=script
do language plpgsql 'begin alter table shop.label add column printed boolean; alter table shop.label drop column printed; end';
alter table shop.label add column size int;
-- @@ fourth
do $$
declare
    done int := 0;
begin
    loop
        update shop.parcel set note = 'sent' where id in (select id from shop.parcel where note = '' limit 10);
        exit when not found;
        done := done + 1;
    end loop;
    alter table shop.parcel add constraint note_known check (note is not null);
end
$$;
-- @after select count(*) = 10 and bool_and(fidelity = 'exact') from pggit_audit.changes where origin = 'v1' and change_type = 'ALTER'
