-- routines of a published name get others beside them, and are replaced, behind a build
-- @@ a author=alice client=script
create function f(a int) returns int language sql as 'select 1';
create function f(a int, b int) returns int language sql as 'select 2';
create function g(a int) returns int language sql as 'select 1';
create function h(a int) returns int language sql as $$ select 1 $$;
-- @@ build
-- @@ b0 author=bob
drop function h(int);
-- @@ b1 author=bob
create function h(a text) returns int language sql as $$ select 2 $$;
-- @@ b author=bob
create function f(a text) returns int language sql as 'select 3';
-- @@ c author=bob
create or replace function f(a int, b int default 3, c text default null) returns int language sql as 'select 4';
-- @@ d author=bob client=script
drop function g(int);
create function g(a int, b int) returns int language sql as 'select 5';
-- @@ e author=bob
create or replace function g(a int, b int) returns int language sql as 'select 6';
