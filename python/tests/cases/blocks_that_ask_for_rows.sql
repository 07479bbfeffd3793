-- of a block's branches that ask for rows of the team's, the rows show which ran; one that made a column twice, or none
-- that leaves rows, is not told, and neither is one whose table another part of the text alters
-- @@ first client=script
create table setting (name text primary key, value int);
create table pet (id int primary key);
create table toy (id int primary key);
insert into setting values ('colours', 1);
-- @@ second client=script author=bob
do $$
begin
  if (select value from setting where name = 'colours') = 1 then
    alter table pet add column colour text;
    create index pet_colour on pet (colour);
  end if;
  if exists (select from setting where name = 'sizes') then
    alter table toy add column size int;
  end if;
end $$;
-- @@ third client=script
alter table pet add column born date;
do $$
begin
  if (select count(*) from setting) > 5 then
    alter table pet add column died date;
  end if;
  if (select count(*) from setting) = 1 then
    create table chip (id int primary key);
  end if;
end $$;
-- @@ fourth
alter table toy add column weight int;
-- @after select bool_and(fidelity = 'exact') from pggit_audit.changes where object_name in ('pet_colour') and origin = 'v1'
