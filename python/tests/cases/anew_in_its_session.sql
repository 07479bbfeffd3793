-- what a session drops is there again at once, and what it makes changes at once, by statements that leave no row
-- @@ first
create schema s;
create table s.p (id int primary key);
create function f(a int) returns int language sql immutable as $$ select a $$;
create table t (id int generated always as identity, n int);
alter sequence t_id_seq increment by 10;
create table u (id int, k int, check (f(k) > 0));
drop function f(int) cascade;
create table w (id serial, n int);
alter table w_id_seq rename to ids;
-- @@ second author=bob
drop schema s cascade;
create schema s;
drop table t;
create table t as select id from u;
-- @@ third
create table s.p (id int, n int);
alter table t add column m int;
alter table u add column m int;
alter table w add column o int default nextval('ids');
