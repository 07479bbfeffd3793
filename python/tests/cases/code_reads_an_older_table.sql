-- a block makes a table of a query and drops it again; the query reads a table that is older than the tracker
-- @@ before setup
create table done_so_far (id serial primary key, version bigint, at timestamp default now());
create table reading (id bigint, of_version bigint, value numeric);
-- @@ first
create table station (id bigint primary key);
-- @@ second client=script
do $$
begin
    drop table if exists of_late;
    create table of_late as select id, value from reading where of_version < (select max(version) from done_so_far);
    create index of_late_idx on of_late (id);
    alter table of_late add foreign key (id) references station (id);
    if (select count(*) from of_late) = 0 then
        drop table of_late;
        return;
    end if;
    drop table of_late;
end
$$;
-- @@ third
alter table station add column name text;
-- @after select count(*) = 0 from pggit_audit.changes where new_definition like '%of_late_idx%done_so_far%' or new_definition like '%CONSTRAINT of_late_idx%'
