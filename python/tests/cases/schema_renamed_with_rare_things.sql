-- a schema that is renamed, and has statistics, a text search configuration, a policy, a rule, a collation, an aggregate
-- @@ a client=script
create schema zoo;
create collation zoo.deu from "C";
create table zoo.t (id int primary key, a text collate zoo.deu, b int);
create statistics zoo.st on a, b from zoo.t;
create text search dictionary zoo.simp (template = simple, stopwords = english);
create text search configuration zoo.conf (copy = simple);
alter text search configuration zoo.conf alter mapping for asciiword with zoo.simp;
create index t_fts on zoo.t using gin (to_tsvector('zoo.conf', a));
alter table zoo.t enable row level security;
create policy only_big on zoo.t for select using (b > 10);
create rule no_delete as on delete to zoo.t do instead nothing;
create function zoo.add(int, int) returns int language sql immutable as 'select $1 + coalesce($2, 0)';
create aggregate zoo.total(int) (sfunc = zoo.add, stype = int, initcond = '0');
create view zoo.v as select zoo.total(b) as n from zoo.t;
-- @@ b client=script
alter schema zoo rename to park;
-- @@ c client=script
alter table park.t add column c int;
-- @@ build
-- @@ d client=script
create view park.w as select n from park.v;
