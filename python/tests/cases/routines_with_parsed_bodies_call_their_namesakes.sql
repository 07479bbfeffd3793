-- routines with parsed bodies that call others of their name, from few arguments to many and the other way, and aggregates
-- @strict
-- @@ a
create table stock (sku text primary key, qty int not null);
create function on_hand(s text) returns int language sql stable begin atomic select qty from stock where sku = s; end;
create function on_hand(s text, extra int) returns int language sql stable return on_hand(s) + extra;
create view low as select sku, on_hand(sku, 1) as n from stock where on_hand(sku) < 5;
create function total(n int, s int) returns int language sql immutable return n + s;
create aggregate total(int) (sfunc = total, stype = int, initcond = '0');
create table t (n int default on_hand('x', 2));
-- @@ b
create function f(a int, b int, c int) returns int language sql immutable return a + b + c;
create function f(a int, b int) returns int language sql immutable return f(a, b, 1);
create function f(a int) returns int language sql immutable return f(a, 2);
create function g(a int) returns int language sql immutable return a;
create function g(a int, b int) returns int language sql immutable return g(a) + b;
create function g(a int, b int, c int) returns int language sql immutable return g(a, b) + g(c);
create index on stock (f(qty), g(qty, 1, 2));
-- @@ c
alter function on_hand(text) rename to in_stock;
alter table stock rename to stocks;
create or replace function f(a int, b int) returns int language sql immutable return f(a, b, 3);
-- @@ d
alter table stocks add column z int;
