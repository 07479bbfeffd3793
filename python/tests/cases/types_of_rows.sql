-- composite types, the rows of tables and the arguments of functions: what names their parts follows them; once a type
-- has got a column, no script can make a row of fewer columns, which PostgreSQL prints as ROW(a, NULL)
-- @@ first client=script
create type addr as (street text, no int);
create domain home as addr check ((value).street <> '');
create function street_of(addr) returns text language sql immutable as 'select $1.street';
create table person (id int, a text, ad addr, ads addr[], h home, d text default (row('x', 1)::addr).street);
alter table person add check (row(a, id)::addr <> row('q', 2)::addr);
create view streets as select id, row(a, id)::addr as made, (ad).street as s, (h).no as n from person;
create materialized view made as select id, row(a, id)::addr as made from person;
create index person_ads on person (((ad).street), ((ads[1]).no));
create index person_street on person (street_of(row(a, id)::addr));
create statistics person_st on ((ad).street), id from person;
alter table person enable row level security;
create policy own on person using ((ad).street = 'a');
create function trg() returns trigger language plpgsql as 'begin return new; end';
create trigger t before update on person for each row when ((new.h).street = 'x') execute function trg();
create rule r as on delete to person where (old.ad).no = 1 do instead nothing;
create function persons() returns setof person language sql as 'select * from person';
create view people as select id, a from persons();
-- @@ renamed client=script
alter type addr rename attribute street to road;
alter type addr rename to address;
create table b1 (id int);
create view roads as select (ad).road from person;
-- @@ added client=script
alter type address add attribute zip varchar(5);
alter table person add column born date;
create table b2 (id int);
-- @@ dropped client=script
alter type address drop attribute zip;
alter table person drop column born;
create table b3 (id int);
