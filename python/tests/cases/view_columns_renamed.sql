-- columns of views get other names without a row: of a UNION, a WITH, a list of names in front
-- @strict
-- @@ a
create table t (id int primary key, v text);
create view v1 as select id, v from t union all select 1, 'a';
create view v2 (x, y) as with c as (select 2 as a, 'b' as b) select a, b from c where a > (select count(*) from t);
create view v3 (a) as values (1), (2);
-- @@ b
alter view v1 rename column v to w;
create view b1 as select w from v1;
-- @@ c
alter view v2 rename column x to z;
create view c1 as select z, y from v2;
-- @@ d
alter view v3 rename column a to "one two";
create view d1 as select "one two" from v3;
