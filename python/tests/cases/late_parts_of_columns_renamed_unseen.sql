-- a late tracker: columns, and a table, get other names without a row; what is on them was there before, under their
-- former names
-- @strict
-- @@ old setup
create table firm (id serial primary key, name text not null, land text);
create table worker (
    id serial primary key, firm_id int references firm (id), name text, pay numeric constraint pay_ok check (pay > 0),
    born date, unique (name, born)
);
create index worker_pay on worker (pay) where pay > 1000;
create index worker_name on worker (lower(name));
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger worker_touch before update of pay on worker for each row execute function touch();
-- @@ a
create table shift (id serial primary key, worker_id int not null references worker (id));
-- @@ b
alter table worker add column mail text;
-- @@ c client=psql1
alter table worker rename column firm_id to company_id;
alter table worker rename column pay to salary;
alter table worker rename column name to full_name;
alter table firm rename to company;
-- @@ d
alter table company add column x int;
alter table worker add column x int;
