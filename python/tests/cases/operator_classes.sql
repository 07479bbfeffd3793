-- what only a superuser makes: an operator class and family, for an index that the history makes
-- @strict
-- @@ a
create function lt_rev(int, int) returns boolean language sql immutable as 'select $1 > $2';
create function cmp_rev(int, int) returns int language sql immutable as 'select -btint4cmp($1, $2)';
create operator <<< (leftarg = int, rightarg = int, function = lt_rev);
create operator class rev_ops for type int using btree as operator 1 <<<, function 1 cmp_rev(int, int);
create table t (id int primary key, n int);
create index t_rev on t (n rev_ops);
-- @@ b
alter table t add column m int;
create index t_rev2 on t (m rev_ops);
