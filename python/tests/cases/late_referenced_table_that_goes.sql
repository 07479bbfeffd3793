-- tables are made that refer to older ones which nothing names but these keys, and which go in the end: a key of the
-- table, one of a column, and one of a column that is added
-- @@ older setup client=script
create table invitation (id uuid primary key, token text unique);
create table member (name varchar(40) primary key, age int);
create table region (id bigint primary key, name text);
-- @@ first client=script
create table invitation_group (
    invitation_id uuid not null,
    rank int not null,
    primary key (invitation_id, rank),
    foreign key (invitation_id) references invitation (id) on delete cascade
);
-- @@ second client=script
create table seat (id int primary key, member varchar(40) not null references member (name), place text unique);
-- @@ third client=script
alter table seat add column region_id bigint references region (id);
-- @@ fourth client=script
alter table invitation_group add column note text;
-- @@ gone client=script
drop table invitation_group;
drop table invitation;
alter table seat drop column region_id, drop column member;
drop table region;
drop table member;
-- @after select not exists (select 1 from pggit_audit.changes where fidelity in ('static', 'unknown'))
