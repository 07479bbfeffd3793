-- comments that a client sends in the transaction that makes what they are on, in a text of their own each
-- @strict
-- @after select 7 = count(*) from pggit_audit.changes where origin = 'v1' and fidelity = 'exact'
-- @@ a client=psql1
create table owner (id int primary key);
create table pet (id int primary key, name text, keeper int references owner);
comment on table owner is 'a person';
create function speak() returns text language sql as $$ select 'woof' $$;
comment on function speak() is 'what it says';
comment on table pet is 'an animal';
-- @@ b client=psql1
alter table pet add column born date;
comment on column pet.born is 'may have been said before';
-- @@ c
create view pets as select id from pet;
