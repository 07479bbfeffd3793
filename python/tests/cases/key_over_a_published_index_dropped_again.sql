-- a key takes the name of an index that an earlier build published, and whose drop, its second, leaves no row
-- @strict
-- @@ before
create table role (id text not null, constraint role_pkey primary key (id));
alter table role drop constraint role_pkey;
create unique index role_pkey on role (id);
-- @@ build
-- @@ key
drop index role_pkey;
alter table role add primary key (id);
-- @@ build
-- @@ behind
alter table role add column note text;
