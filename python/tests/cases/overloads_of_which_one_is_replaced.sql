-- @strict
-- of several routines of a name, the one with the same arguments went before it was made anew with another result; the others stay
-- @@ a
create schema s;
create function calc(a int, b int default 2) returns int language sql as 'select a + b';
create function calc(variadic a numeric[]) returns numeric language sql as 'select a[1]';
create function calc(inout x text, out y int) language plpgsql as 'begin y := length(x); end';
create function s."Calc"(a date) returns date language sql as 'select a';
create function s."Calc"(a text) returns text language sql as 'select a';
create view uses as select (calc('a'::text)).x as c;
create procedure calc(a boolean) language sql as 'select 1';
-- @@ b
drop function calc(int, int);
create function calc(a int, b int default 2) returns bigint language sql as 'select a::bigint * b';
drop function s."Calc"(text);
create function s."Calc"(text) returns boolean language sql as 'select true';
-- @@ c
alter function calc(variadic numeric[]) rename to calc_all;
create or replace view uses as select (calc('a'::text)).x as c, calc(1) as d, s."Calc"('x'::text) as e;
-- @@ d
alter function s."Calc"(date) set schema public;
drop function calc_all(numeric[]);
