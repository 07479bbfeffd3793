-- names with the database before the schema, as dbt writes them: it is this database, whatever it is called elsewhere
-- @strict
-- @@ a
create schema s;
create table :"DBNAME".s.t (id int primary key, at date);
create view :"DBNAME"."s"."v" as (select id, at from :"DBNAME"."s"."t" where s.t.id > 0);
create index if not exists "Quoted" on :"DBNAME"."s"."t" (at);
create index plain on :"DBNAME".s.t (id);
-- @@ b
create function s.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update on :"DBNAME".s.t for each row execute function s.touch();
comment on column :"DBNAME".s.t.at is 'its day';
comment on table :"DBNAME".s.t is 'a table';
alter view :"DBNAME"."s"."v" rename to "w";
alter table :"DBNAME".s.t add column b int references :"DBNAME".s.t (id);
-- @@ c
drop view if exists :"DBNAME"."s"."w" cascade;
