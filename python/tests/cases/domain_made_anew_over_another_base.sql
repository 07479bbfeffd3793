-- a domain is dropped and made anew over a longer base, and another over another base; v1 records the base of its time
-- @strict
-- @@ domains
create domain code as varchar(60);
create domain share as numeric(5, 2) default 0 check (value >= 0);
create domain stamp as text;
-- @@ tables
create table crates (id int primary key, code code not null, part share, filled stamp);
create index on crates (code);
-- @@ more
create table racks (id int primary key, code code, crate int references crates (id));
create view full_crates as select id, code from crates;
-- @@ wider
drop view full_crates;
alter table crates alter column code type varchar(60);
alter table racks alter column code type varchar(60);
drop domain code;
create domain code as varchar(100);
alter table crates alter column code type code;
alter table racks alter column code type code;
-- @@ another
alter table crates alter column filled type timestamptz using filled::timestamptz;
drop domain stamp;
create domain stamp as timestamptz check (value > '2000-01-01');
alter table crates alter column filled type stamp;
-- @@ end
alter table racks add column part share;
