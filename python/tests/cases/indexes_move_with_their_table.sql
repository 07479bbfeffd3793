-- a table moves to another schema, and its indexes with it, which leave no row of that: the schema was not renamed
-- @strict
-- @@ a
create schema arch;
create table arch.there (id int);
create table ev (id serial primary key, v text);
create index ev_v on ev (v);
-- @@ b
alter table ev set schema arch;
create table ev (id serial primary key, v text, w int);
create index ev_v on ev (v, w);
-- @@ c
alter table arch.ev rename to ev_1;
alter index arch.ev_pkey rename to ev_1_pkey; alter index arch.ev_v rename to ev_1_v; alter sequence arch.ev_id_seq rename to ev_1_id_seq;
alter table ev set schema arch;
create table ev (id bigserial primary key, v text, w int, x int);
-- @@ build
-- @@ d
alter table ev add column y int;
alter table arch.ev add column z int;
