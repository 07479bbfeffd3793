-- a column is renamed that a trigger, a policy, a materialized view and a procedure name, and a comment is on
-- @strict
-- @@ a
create table pet (id int primary key, owner text, n int);
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger pet_touch before update of owner on pet for each row when (new.owner is not null) execute function touch();
alter table pet add column m int;
-- @@ b client=psql1
comment on column pet.owner is 'who';
create procedure add_pet(p text) language sql begin atomic insert into pet (id, owner) values (1, p); end;
alter table pet enable row level security;
create policy mine on pet using (owner = current_user);
create materialized view pets as select owner, count(*) as n from pet group by owner;
-- @@ c
alter table pet add column x int;
-- @@ d
alter table pet rename column owner to keeper;
alter table pet add column y int;
-- @@ e
alter table pet add column z int;
