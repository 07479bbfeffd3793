-- renames without rows of names with a dollar
-- @strict
-- @@ a
create table t$a (id int primary key, a$b text, c$d text);
-- @@ b
alter table t$a rename column a$b to x$y;
-- @@ c
alter table t$a drop column c$d;
create index on t$a (x$y);
-- @@ d client=script
alter table t$a rename column x$y to z$;
alter table t$a add column m$ int;
alter table t$a rename constraint t$a_pkey to pk$1;
-- @@ e
do $$ begin alter table t$a rename to t$b; alter table t$b rename column z$ to zz$1; execute 'alter table t$b add column last$ int'; end $$;
