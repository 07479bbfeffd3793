-- a foreign key is renamed along with its column, and goes with the table that it refers to: nothing says its name
-- @@ one client=script
create table shelf (id int primary key);
create table book (id int primary key, shelf int, pages int);
alter table book add constraint book_shelf foreign key (shelf) references shelf;
-- @@ two
alter table book rename column shelf to shelf_id;
alter table book rename constraint book_shelf to book_shelf_id;
alter table book add column title text;
-- @@ three
drop table shelf cascade;
create table other (id int);
-- @@ four
alter table book add column isbn text;
