-- @strict
-- a session finds a function in another schema than the table: an index, a default, a generated column, a trigger, a view
-- @@ a
create schema lib; create schema app;
create function lib.twice(int) returns int language sql immutable return $1 * 2;
create function lib.stamp() returns trigger language plpgsql as 'begin return new; end';
create table p (id int primary key, n int);
create table app.q (id int primary key, n int);
-- @@ b
set search_path = public, lib;
alter table p add column m int default twice(4);
create index p_twice on p (twice(n));
-- @@ c
set search_path = app, lib;
alter table q add column g int generated always as (twice(n)) stored;
alter table q add constraint even check (twice(id) > 0);
create view v as select twice(n) as t from q;
-- @@ d client=script
set search_path = app, lib;
create trigger stamp before insert on q for each row execute function stamp();
alter table q add column z int;
-- @@ e
alter table p add column z int default lib.twice(1);
