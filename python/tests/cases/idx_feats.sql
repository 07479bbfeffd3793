-- indexes and constraints with all that they can have
-- @server 15
-- @@ a
create extension btree_gist; create extension pg_trgm;
create table room (id int, name text, during tsrange, floor int, code text);
create unique index room_u on room (name) include (floor) nulls not distinct where floor is not null;
create index room_x on room (lower(name) collate "C" text_pattern_ops desc nulls last, (floor % 3)) with (fillfactor = 70);
create index room_t on room using gin (name gin_trgm_ops);
create unique index room_id on room (id) include (code);
-- @@ b
alter table room add constraint room_pk primary key using index room_id;
alter table room add constraint no_overlap exclude using gist (floor with =, during with &&) where (floor > 0) deferrable initially deferred;
alter table room add constraint code_u unique nulls not distinct (code, floor) include (id) deferrable;
alter index room_x alter column 2 set statistics 300;
-- @@ c
alter table room cluster on room_x;
alter table room replica identity using index room_pk;
create index concurrently room_c on room using brin (floor) with (pages_per_range = 8, autosummarize = on);
alter index room_t set (fastupdate = off);
-- @@ d
alter index room_c rename to room_brin;
alter table room rename constraint code_u to code_uq;
reindex index concurrently room_x;
alter table room alter column name type varchar(80);
-- @@ e
drop index concurrently room_brin;
alter table room drop constraint no_overlap;
alter table room add constraint no_overlap exclude using gist (floor with =, during with -|-);
