-- comments on what is seldom commented: rules, operators, casts, statistics, text search, aggregates, policies of partitions, parameters; removed again
-- @strict
-- @@ a client=script
create table t (id int primary key, n int, v tsvector) partition by range (id);
create table t1 partition of t for values from (1) to (10);
create view w as select id, n from t;
create rule w_i as on insert to w do instead insert into t (id) values (new.id);
comment on rule w_i on w is 'rule; it''s';
create statistics st on id, n from t1; comment on statistics st is 'st';
create function same(a int, b int) returns boolean language sql immutable as 'select a = b';
create operator === (leftarg = int, rightarg = int, function = same); comment on operator === (int, int) is 'op';
create text search configuration simp (copy = simple); comment on text search configuration simp is 'tsc';
create text search dictionary dic (template = simple); comment on text search dictionary dic is 'tsd';
create aggregate su(int) (sfunc = int4pl, stype = int); comment on aggregate su(int) is 'agg';
create policy po on t1 using (n > 0); comment on policy po on t1 is 'pol';
create collation co (locale = 'C'); comment on collation co is 'col';
comment on column t1.n is 'of the partition'; comment on index t1_pkey is 'pk of the partition'; comment on constraint t1_pkey on t1 is 'k of the partition';
create type pair as (a int, b int); create function pt(pair) returns text language sql immutable as $$ select 'p' $$; create cast (pair as text) with function pt(pair); comment on cast (pair as text) is 'cast';
-- @@ b client=script
comment on rule w_i on w is null; comment on operator === (int, int) is 'op2'; comment on text search configuration simp is null;
comment on cast (pair as text) is null;
alter table t add column z int;
comment on column t.z is 'z';
-- @@ c client=script
comment on column t1.z is 'own'; comment on policy po on t1 is ''; comment on aggregate su(int) is E'a\nb';
alter table t rename column z to zz;
alter table t add column y int;
