-- a unique index goes with CASCADE, and with it the foreign keys of other tables, which leave no row
-- @strict
-- @@ first
create table shelf (id int primary key, code text);
create unique index shelf_code on shelf (code);
create table book (id int primary key, shelf_code text);
create table box (id int primary key, shelf_code text);
-- @@ second
alter table book add constraint book_shelf foreign key (shelf_code) references shelf (code);
alter table box add constraint box_shelf foreign key (shelf_code) references shelf (code);
-- @@ third
drop index shelf_code cascade;
-- @@ fourth
create unique index shelf_code on shelf (code, id);
-- @@ fifth
alter table book add column title text;
