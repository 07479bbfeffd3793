-- the same, where all columns go to the new domain at once, and its length stays in no text
-- @@ domains
create domain "Code" as varchar(8) not null;
-- @@ tables
create table crates (id int primary key, "Code" "Code");
-- @@ wider client=script
alter table crates alter column "Code" type text;
drop domain "Code";
create domain "Code" as varchar(16) not null;
alter table crates alter column "Code" type "Code";
-- @@ end
alter table crates add column note text;
