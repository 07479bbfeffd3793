-- @strict
-- keys by existing indexes, deferrable, with included columns, exclusion; renamed through their indexes, dropped by their
-- constraints: what reads otherwise by the new name has no row of that
-- @@ a client=script
create table k (id int, a int, b text, r int4range);
create unique index concurrently_no on k (a);
create unique index k_ab on k (a, b) include (id);
alter table k add constraint k_pk unique using index concurrently_no deferrable initially deferred;
-- @@ b client=script
alter table k alter a set not null, alter b set not null;
alter table k add primary key using index k_ab;
alter table k add constraint no_over exclude using gist (r with &&) where (id > 0);
alter table k add unique nulls not distinct (id, r);
-- @@ c client=script
alter table k rename constraint k_ab to k_pkey;
alter index no_over rename to no_overlap;
alter table k drop constraint k_pk, add constraint k_pk unique (a) include (b);
-- @@ d client=script
alter table k drop constraint k_pkey, drop constraint no_overlap;
alter table k alter a drop not null;
create table k2 (id int, constraint k_pkey primary key (id));
-- @@ e client=script
create table x (id int, r int4range, constraint x_over exclude using gist (r with &&));
-- @@ f client=script
alter index x_over rename to x_overlap;
alter table x add column z int;
