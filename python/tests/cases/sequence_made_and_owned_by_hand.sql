-- what SERIAL does, by hand, each statement a query of its own: no row tells of the sequence, nor whose it is
-- @strict
-- @@ made
create sequence t_id_seq;
create table t (id int not null default nextval('t_id_seq'), n int);
alter sequence t_id_seq owned by t.id;
create sequence gone_id_seq;
create table gone (id int not null default nextval('gone_id_seq'), n int);
alter sequence gone_id_seq owned by gone.id;
-- @@ other
create table u (n int);
-- @@ later
alter table t add column m int;
drop table gone;
