-- names shift by one place: b becomes a, c becomes b, and c is new; a comment on an identity's sequence
-- @strict
-- @@ first
create table s (id int, a int, b int, c int);
-- @@ shift
alter table s drop column a;
alter table s rename b to a;
alter table s rename c to b;
alter table s add column c int;
-- @@ third
alter table s add column d int;
-- @@ numbers
create table num (id int generated always as identity, n int);
comment on sequence num_id_seq is 'numbers';
-- @@ fifth
alter table num add column y int;
