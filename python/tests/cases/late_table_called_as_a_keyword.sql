-- tables that are older than the tracker have names that PostgreSQL prints in quotes, for they are keywords; what
-- belongs to them comes with them, and not with the table that they refer to
-- @strict
-- @@ older setup
create table account (id int primary key);
create table "order" (id int, "position" int, account_id int not null);
alter table "order" add constraint order_pkey primary key (id);
alter table "order" add constraint order_account_id_fkey foreign key (account_id) references account (id) on delete restrict;
create index order_position_idx on "order" ("position");
create table "references" (id int primary key, order_id int not null references "order" (id) on delete restrict);
-- @@ first
alter table account add column name text;
-- @@ second
alter table "order" add column note text;
-- @@ third
alter table "references" add column note text;
