-- a column gets its next name by a text that left a row of another table only, and its last one by the text of its own
-- next row, which gives the name in between to a new column
-- @strict
-- @@ first client=script
create table firm (id int primary key, title varchar(255) not null, color int);
create table crew (id int);
-- @@ second client=script author=bob
alter table firm rename column title to name;
alter table crew add column boss boolean;
-- @@ third client=script
alter table firm rename column name to slug;
alter table firm add column name text null;
update firm set name = slug;
alter table firm alter column name set not null;
