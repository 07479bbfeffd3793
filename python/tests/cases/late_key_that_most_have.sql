-- an older table, which goes, has a foreign key that no text names; of six others with such a column one has none, and
-- one does something else when the row goes
-- @strict
-- @@ older setup client=script
create table person (id bigint primary key, name text);
create table session (id bigint primary key, person_id bigint not null references person (id) on delete cascade, at timestamp);
create table post (id bigint primary key, person_id bigint not null references person (id) on delete cascade);
create table vote (id bigint primary key, person_id bigint not null references person (id) on delete cascade);
create table mail (id bigint primary key, person_id bigint not null references person (id) on delete cascade);
create table log (id bigint primary key, person_id bigint references person (id) on delete set null);
create table image (id bigint primary key, person_id bigint not null references person (id) on delete cascade);
create table trace (id bigint primary key, person_id bigint not null);
-- @@ first client=script
alter table session add column ip text;
-- @@ second client=script
alter table session add column agent text;
-- @@ gone client=script
drop table session;
-- @@ last client=script
alter table post add column body text;
