-- @strict
-- columns of queries that have no name, within views, policies, rules, SQL bodies, and names that
-- a view gives to those of VALUES: PostgreSQL names them once it has read
-- what it printed; twice built, and nothing changed
-- @@ a client=script
create type hue as enum ('red', 'blue');
create table c (id int, name text, tag varchar(10), h hue);
create view v as select id from c where exists (select 'x' from c c2 where c2.id = c.id and c2.name = 'SELECT 1::int')
  and exists (select null, 'a'::varchar(5), 'red'::hue from c) and name = (select 'it''s' limit 1) and tag = any (array(select 'q'));
create function f() returns setof text begin atomic insert into c (name) select 'x'; select c.name from c union all select 'y'; end;
create policy p on c using (exists (select 'x' from v));
create rule r as on delete to c where exists (select 'no' from v) do instead nothing;
create function g() returns bigint return (select 1.5::numeric union select 2 limit 1);
create view vals (first, "b c") with (security_barrier) as values (1, 'x'), (2, 'y;');
create materialized view mvals (a) as values (1);
-- @@ build
-- @@ b client=script
alter table c rename column name to title;
alter table c enable row level security;
alter view vals rename column first to "1st";
-- @@ c client=script
alter table c add column z int;
create view w as select 'a' as a where exists (select 'b'::text collate "C", '2020-01-01'::date);
