-- a table is renamed, then its constraints, and goes: its indexes were not called as before
-- @@ first
create table cust (id int constraint cust_pkey primary key, mail text constraint cust_mail_key unique, age int constraint cust_age_check check (age > 0));
-- @@ rename
alter table cust rename to customer;
alter table customer rename constraint cust_pkey to customer_pkey;
alter table customer rename constraint cust_mail_key to customer_mail_key;
alter table customer rename constraint cust_age_check to customer_age_check;
-- @@ third
alter table customer add column x int;
-- @@ drop
drop table customer;
