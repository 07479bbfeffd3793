-- a column of a quoted table that is older than the tracker goes with its domain: no row and no text names it; its
-- place, its length and the moment are in the catalog, and what it was called is not
-- @events public."Pet" = CREATE ALTER ALTER ALTER
-- @after select count(*) = 2 from pggit_audit.object_versions where object_name = 'Pet' and definition ~ '"\(dropped column 2\)" text'
-- @@ before setup
create domain mail as text;
create table "Pet" (id integer primary key, "mail" mail, "name" text);
create table "Toy" (id integer primary key);
-- @@ first
alter table "Pet" add column "age" integer;
-- @@ second
alter table "Toy" add column "price" integer;
-- @@ third
drop domain mail cascade;
-- @@ fourth
alter table "Toy" add column "since" date;
-- @@ last
alter table "Pet" add column "born" date;
