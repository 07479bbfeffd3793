-- an index on a table that is older than the tracker and goes later
-- @after select count(*) = 2 from pggit_audit.changes where object_identity in ('public.burrow_room_id', 'public.warren_room_id') and change_type = 'CREATE' and fidelity = 'repaired'
-- @@ first setup
create table burrow (id int primary key, room_id text not null);
create table warren (id int primary key, room_id text not null);
-- @@ second
create index if not exists burrow_room_id on burrow(room_id);
-- @@ second2
create index warren_room_id on warren(room_id);
-- @@ third
drop table if exists burrow;
-- @@ fourth
drop table if exists warren;
