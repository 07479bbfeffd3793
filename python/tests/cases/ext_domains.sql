-- @strict
-- @server 15
-- domains that extensions bring: v1 records the type beneath; one that only a superuser may make, and one that is gone
-- @@ first client=script
create extension earthdistance cascade;
create table place (id int, at earth);
create index place_at on place using gist (at);
-- @@ second client=script
create extension lo;
create table raster (id int, image lo, note text);
-- @@ build
-- @@ third client=script
alter table raster add column thumb lo;
alter table place add column other earth not null default '(0,0,0)';
-- @@ fourth client=script
drop extension lo cascade;
alter table raster add column n int;
