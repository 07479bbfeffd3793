-- the same, with the rename in a text, and with what only the live catalog has
-- @strict
-- @@ a setup
create schema app;
create function app.older(i int) returns int language sql immutable as 'select i';
create view app.oldview as select 1 as one;
-- @@ a2
create table app.t (id int primary key, note text);
create materialized view app.m as select id from app.t;
create view app.vm as select id, app.older(id) as o from app.m;
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touch before update on app.t for each row execute function app.touch();
comment on function app.touch() is 'as it was';
comment on table app.t is 'of app';
create index m_id on app.m (id);
-- @@ b client=script
alter schema app rename to shop;
alter table shop.t add column m int;
-- @@ c
create index on shop.t (m);
