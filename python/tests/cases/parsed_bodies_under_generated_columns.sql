-- @strict
-- parsed bodies in circles with views, defaults, policies, overloads of procedures; called with VARIADIC and named arguments
-- @@ a
create table acc (id int primary key, bal numeric default 0);
create function fee(n numeric) returns numeric language sql immutable return n * 2;
create function fee(n numeric, variadic rates numeric[]) returns numeric language sql immutable return fee(n) + rates[1];
create function fee(a acc) returns numeric language sql stable return fee((a).bal, 1, 2);
create procedure pay(i int) language sql begin atomic update acc set bal = bal - fee(acc) where id = i; end;
create procedure pay(i int, n numeric) language sql begin atomic update acc set bal = bal - fee(n => n) where id = i; end;
create view fees as select id, fee(acc) as f from acc;
-- @@ b
alter table acc add column level numeric generated always as (fee(10, 1)) stored;
create or replace function fee(n numeric) returns numeric language sql immutable return case when n > 5 then fee(n - 1) else n end;
-- @@ build
-- @@ c
alter table acc rename column bal to balance;
alter table acc add column x int;
