-- @strict
-- partitions and heirs whose names say inherit, attach, partition: what a statement does stands behind the name
-- @@ a client=script
create table "a inherit b" (id int not null, at date not null, primary key (id, at)) partition by range (at);
create table " inherit " partition of "a inherit b" for values from ('2024-01-01') to ('2025-01-01');
create table "attach partition" (id int not null, n int check (n > 0));
create table "x attach partition y" () inherits ("attach partition");
-- @@ b client=script
alter table "a inherit b" add column z int;
create table "no inherit" (id int not null, n int, constraint "attach partition_n_check" check (n > 0));
alter table "no inherit" inherit "attach partition";
-- @@ c client=script
alter table "a inherit b" detach partition " inherit ";
alter table "attach partition" add column z int;
create table c_done (id int);
