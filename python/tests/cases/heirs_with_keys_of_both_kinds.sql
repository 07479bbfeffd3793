-- a key on inherited columns makes them NOT NULL, which leaves a row before its index, and the foreign keys another one
-- @strict
-- @after select 9 = count(*) and bool_and(fidelity = 'exact') from pggit_audit.changes where origin = 'v1' and object_name in ('pet', 'pet_pkey', 'pet_tag_key', 'toy', 'toy_pkey')
-- @@ a
create table owner (id int primary key);
create table thing (id int, made date);
-- @@ b
create table pet (
  tag text unique, keeper int references owner (id), primary key (id), check (id > 0)
) inherits (thing);
create table toy (maker int references owner, primary key (id)) inherits (thing);
-- @@ c client=script
create table bed (maker int references owner, primary key (id)) inherits (thing);
alter table bed add foreign key (id) references owner;
alter table bed add constraint big check (id > 1);
create table bowl (primary key (id)) inherits (thing);
alter table bowl add foreign key (id) references owner;
