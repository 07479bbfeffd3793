-- an exclusion constraint's table moves to another schema, and gets another name; so does a column of it
-- @strict
-- @@ a
create schema arc;
create table arc.other (id int);
create table slot (id int primary key, room int, during tsrange, constraint one_at_a_time exclude using gist (during with &&) where (room > 0));
-- @@ b
alter table slot set schema arc;
-- @@ c
alter table arc.slot rename to slots;
-- @@ d client=script
alter table arc.slots rename column during to span;
alter table arc.slots add column note text;
