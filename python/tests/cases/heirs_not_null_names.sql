-- what inherited from a table keeps the names of its NOT NULL, and comes first by its own name
-- @server 18
-- @strict
-- @@ a
create table base (id int not null, "Note" text not null);
create table a_low (own int) inherits (base);
create table a_lower (own int not null) inherits (a_low);
-- @@ b
alter table a_low no inherit base;
create table b ("Note" text constraint "base_Note_is_there" not null);
-- @@ build
-- @@ c
create schema "Old Ones";
create table "Old Ones"."Base" (id int not null);
create table "Old Ones"."A" () inherits ("Old Ones"."Base");
alter table "Old Ones"."A" no inherit "Old Ones"."Base";
alter table a_low rename to z_low;
-- @@ d
create table top (id int not null, note text);
create table a_top (own int, z int constraint z_there not null) inherits (top);
alter table top add column z int;
alter table top add column own int not null default 0;
alter table a_top no inherit top;
alter table a_top inherit top;
