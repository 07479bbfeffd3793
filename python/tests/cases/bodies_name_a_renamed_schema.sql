-- an index, a generated column and a check call an SQL function; what its body names gets another name, and the body does
-- not follow
-- @strict
-- @@ a
create schema app;
create function app.base(i int) returns int language sql immutable as 'select i * 2';
create function app.scaled(i int) returns int language sql immutable as 'select app.base(i) + 1';
comment on function app.scaled(int) is 'twice; and one';
create function app.most() returns int language plpgsql immutable as $$ begin return (select max(app.base(i)) from generate_series(1, 3) as i); end $$;
create table app.item (id int primary key, n int, g int generated always as (app.scaled(n)) stored, check (app.scaled(n) > 0));
create index item_scaled on app.item (app.scaled(n));
create index item_most on app.item (n) where n < app.most();
-- @@ b
alter schema app rename to shop;
-- @@ c
alter table shop.item add column m int;
-- @@ build
-- @@ d
alter function shop.base(int) rename to basic;
alter table shop.item add column k int;
