-- the same, where all columns go to the new domain at once, and its length stays in no text
-- @@ domains
create domain "Code" as varchar(8) not null;
create domain part as numeric(4, 1);
-- @@ tables
create table crates (id int primary key, "Code" "Code");
create table racks (id int primary key, part part);
-- @@ wider client=script
alter table crates alter column "Code" type text;
drop domain "Code";
create domain "Code" as varchar(16) not null;
alter table crates alter column "Code" type "Code";
-- @@ text
alter table racks alter column part type text;
-- @@ another client=script
drop domain part;
create domain part as text;
alter table racks alter column part type part;
-- @@ end
alter table crates add column note text;
