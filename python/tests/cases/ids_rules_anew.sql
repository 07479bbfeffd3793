-- rules, statistics, collations, operators, casts, text search, extensions are made anew without a row
-- @@ a
create table t (id int primary key, a int, b int);
create view v as select id, a from t;
-- @@ b
create rule r as on update to v do instead nothing;
create statistics s on a, b from t;
create collation cc (provider = libc, locale = 'C');
create function eq(int, text) returns boolean language sql immutable as 'select true';
create operator === (leftarg = int, rightarg = text, function = eq);
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0');
create text search dictionary d (template = simple);
create publication pub for table t;
-- @@ c
alter table t add column n int;
-- @@ d
drop rule r on v;
create rule r as on update to v do instead update t set a = new.a where id = new.id;
drop statistics s;
create statistics s (ndistinct) on a, b from t;
drop collation cc;
create collation cc (provider = libc, locale = 'POSIX');
drop operator === (int, text);
create operator === (leftarg = int, rightarg = text, function = eq, negator = !==);
drop aggregate total(int);
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '1');
drop text search dictionary d;
create text search dictionary d (template = simple, accept = false);
-- @@ e
alter table t add column m int;
