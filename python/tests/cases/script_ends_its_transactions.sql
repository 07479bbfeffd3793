-- a text that ends transactions itself leaves rows of several, all with the time at which it came: it ran once
-- @strict
-- @@ a client=script
create table code (id text primary key, at bigint);
create table factor (id text primary key, at bigint);
-- @@ b client=script
alter table code add column wrong int default 0;
alter table factor add column wrong int default 0;
begin;
update code set wrong = 0 where wrong is null;
alter table code alter column wrong set not null;
commit;
begin;
update factor set wrong = 0 where wrong is null;
alter table factor alter column wrong set not null;
commit;
-- @@ c
alter table code add column app text;
-- @@ build
-- @@ d client=script
begin; alter table code add column more int; commit; begin; alter table factor add column more int; commit;
