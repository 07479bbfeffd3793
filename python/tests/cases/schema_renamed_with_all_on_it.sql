-- a schema is renamed without a row; what is attached to its tables was there before, and so were comments and types
-- @strict
-- @@ a
create schema app;
create type app.state as enum ('a', 'b');
create type app.pair as (x int, y app.state);
create domain app.code as text check (value <> '');
create sequence app.numbers;
create table app.t (id int primary key, s app.state, note text, c app.code, n bigint default nextval('app.numbers'), p app.pair);
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.f(s app.state, n int default 1) returns app.state language sql as 'select s';
create view app.v as select id, s from app.t;
create trigger touch before update on app.t for each row execute function app.touch();
comment on function app.f(app.state, int) is 'as it was';
comment on table app.t is 'of app';
comment on column app.t.note is 'a note';
comment on view app.v is 'a view';
create index on app.t (s);
-- @@ b
alter schema app rename to "My shop";
-- @@ c
alter table "My shop".t add column m int;
-- @@ d
create index on "My shop".t (m);
