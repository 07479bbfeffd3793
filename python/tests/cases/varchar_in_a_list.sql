-- an expression that PostgreSQL prints otherwise once it has read it again: varchar in a list of words
-- @strict
-- @@ first
create table ticket (id int primary key, status varchar(20) not null, price int,
  constraint ticket_status check (status not in ('PENDING', 'PAID') or price = 0));
-- @@ also_a_row
alter table ticket add constraint ticket_price check ((price between 1 and 9 and id > 0) or (id, price) = (0, 0) and price is null);
-- @@ second
create index ticket_open on ticket (id) where status in ('OPEN', 'HELD');
-- @@ third
alter table ticket add constraint ticket_known check (status in ('PENDING', 'PAID', 'OPEN', 'HELD'));
-- @@ build
-- @@ fourth
alter table ticket add column note text;
alter table ticket add column is_open boolean generated always as (status in ('OPEN', 'HELD')) stored;
create policy ticket_seen on ticket using (status in ('OPEN', 'HELD'));
create view open_tickets as select id from ticket where status in ('OPEN', 'HELD') and price between 1 and 3 and id > 0;
-- @@ build
-- @@ fifth
create domain word as varchar(20) check (value in ('a', 'b'));
alter table ticket add column w word default 'a';
