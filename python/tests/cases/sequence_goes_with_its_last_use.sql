-- a sequence that is no column's is made for a default, and goes when the default is gone; no row tells of it; the next one is another
-- @strict
-- @@ a
create table person (id int primary key, name text);
-- @@ b
create sequence guest;
alter table person alter column name set default 'guest_' || nextval('guest')::text;
alter table person add column is_guest boolean default true not null;
-- @@ c
alter table person alter column name drop default;
alter table person drop column is_guest;
drop sequence guest;
-- @@ d
create sequence numbers;
create table bill (id int primary key, n bigint default nextval('numbers'));
create table note (id int primary key, n bigint default nextval('numbers'));
-- @@ e
alter table bill alter column n drop default;
-- @@ f
drop table note;
drop sequence numbers;
-- @@ g
alter table person add column born date;
