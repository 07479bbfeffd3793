-- an exclusion constraint, renamed with its table, then dropped by its new name
-- @@ a
create table booking (id int primary key, during tsrange, constraint no_overlap exclude using gist (during with &&));
-- @@ b client=psql1
alter table booking rename to reservation;
alter table reservation rename constraint no_overlap to reservation_no_overlap;
alter table reservation rename constraint booking_pkey to reservation_pkey;
-- @@ c
alter table reservation drop constraint reservation_no_overlap;
alter table reservation add column room int;
