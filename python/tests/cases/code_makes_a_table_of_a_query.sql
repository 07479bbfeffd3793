-- a routine makes a table of a query, which leaves no row, and a later one goes on with it
-- @strict
-- @noextra
-- @@ first client=script
create table visit (id int primary key, pet text, paid boolean);
create function init() returns void language plpgsql as $$ begin
    execute 'create table version (n int not null)';
    execute 'insert into version values (0)';
end $$;
select init();
drop function init();
-- @@ second author=bob client=script
create function migrate() returns void language plpgsql as $$ begin
    if (select n from version) = 0 then
        execute 'create table visit_of_old as table visit with no data';
        update version set n = 1;
    end if;
end $$;
select migrate();
drop function migrate();
-- @@ third client=script
create function migrate() returns void language plpgsql as $$ begin
    if (select n from version) = 1 then
        execute 'alter table visit_of_old drop column paid';
        alter table visit_of_old add column paid boolean generated always as (pet is null) stored;
        execute 'alter table visit drop column paid';
        update version set n = 2;
    end if;
end $$;
select migrate();
drop function migrate();
-- @@ fourth author=bob
create index visit_pet on visit_of_old (pet);
-- @@ fifth author=bob
drop table visit_of_old;
