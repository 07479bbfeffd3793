-- a table that is older than the tracker and goes had a foreign key as others have on such a column, called after both its ends as these are
-- @strict
-- @@ first setup
create table account (id serial primary key);
create table bill (id serial primary key, account_id int not null);
alter table bill add constraint bill_account_id_account_id_fk foreign key (account_id) references account (id);
create table card (id serial primary key, account_id int not null);
alter table card add constraint card_account_id_account_id_fk foreign key (account_id) references account (id);
create table deal (id serial primary key, account_id int not null);
alter table deal add constraint deal_account_id_account_id_fk foreign key (account_id) references account (id);
create table gone (id serial primary key, account_id int not null);
alter table gone add constraint gone_account_id_account_id_fk foreign key (account_id) references account (id);
-- @@ second
alter table gone add column note text;
-- @@ third
drop table gone;
