-- @strict
-- an index of a name that was dropped before goes with its column, which a text, or nothing, renamed meanwhile
-- @@ a
create table led (id int primary key, amount int not null, n int, cur text);
create index led_amount on led (amount);
create index led_n on led (n);
-- @@ b
drop index led_amount;
drop index led_n;
-- @@ c
create index led_amount on led (amount);
create index led_n on led (n);
alter table led add column amount_new bigint;
-- @@ d client=script
alter table led rename column amount to amount_old;
alter table led rename column amount_new to amount;
alter table led alter column amount_old drop not null;
alter table led drop column amount_old;
-- @@ e
alter table led add column m int;
-- @@ f
alter table led drop column n;
create index led_cur on led (cur);
-- @@ g
alter table led add column z int;
