-- code makes a working table, fills it, and takes it away again: the first time v1 records the drop, the second time
-- only what the code did to the table; it is gone by then all the same
-- @@ first
create table moved (id bigint primary key, amount numeric);
insert into moved values (1, 2);
-- @@ second
do $$ begin
    create table working as select id, amount from moved;
    alter table working add foreign key (id) references moved (id);
    if (select count(*) from working) = 0 then drop table working; return; end if;
    drop table working;
end $$;
-- @@ third
create table other (id int);
-- @@ fourth
do $$ begin
    create table working as select id, amount from moved;
    alter table working add foreign key (id) references moved (id);
    if (select count(*) from working) = 0 then drop table working; return; end if;
    drop table working;
end $$;
-- @@ fifth
create table another (id int);
-- @@ sixth
alter table another add column x int;
