-- NOT NULL constraints that are not valid on parents: by inheritance and of partitions, before and after the children
-- @server 18
-- @strict
-- @@ a client=script
create table base (id int, n int);
create table kid () inherits (base);
create table p (k int, n int, m int) partition by list (k);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2) partition by list (n);
create table p21 partition of p2 for values in (1);
-- @@ b client=script
alter table base add constraint n_there not null n not valid;
alter table p add constraint pn_there not null n not valid;
alter table base add not null id no inherit not valid;
-- @@ c client=script
create table kid2 (own int) inherits (base);
create table p3 partition of p for values in (3);
alter table kid add constraint id_there not null id not valid;
create table p4 (k int, n int not null, m int);
alter table p attach partition p4 for values in (4);
-- @@ build
-- @@ d client=script
alter table p validate constraint pn_there;
alter table kid2 no inherit base;
-- @@ e client=script
alter table base validate constraint n_there;
alter table p detach partition p1;
alter table p add constraint m_there not null m not valid;
