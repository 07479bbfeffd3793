-- the precision of moments and numbers is in no record: what texts changed later had what such columns have as a rule
-- @strict
-- @@ first setup
create table account (id int primary key, verified timestamp(3), seen timestamp(3), born timestamp(0), fee numeric(12,2));
create table invoice (id int primary key, paid timestamp(3), due timestamp(3), fee numeric(12,2), total numeric(10,4));
-- @@ added
alter table account add column is_verified boolean;
-- @@ replaced
alter table account drop column verified;
alter table account rename column is_verified to verified;
-- @@ again
alter table account add column note text;
-- @@ fewer
alter table account alter column fee type bigint;
-- @@ made
create table receipt (id int primary key, at timestamp(3), fee numeric(12,2));
