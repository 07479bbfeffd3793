-- one migration gives a column's name to another, a later one gives it back, and no record lies between: the text of
-- the second names what the table never seems to have had
-- @strict
-- @@ a client=script
create table report (id int primary key, description text, sidebar text, icon text);
create table other (id int primary key);
-- @@ b
alter table report rename description to summary;
alter table report rename sidebar to description;
-- @@ c client=script
alter table other add column n int;
alter table report rename description to sidebar;
-- @@ d
alter table report alter column icon set not null;
-- @@ build
-- @@ e
alter table report add column reason text;
