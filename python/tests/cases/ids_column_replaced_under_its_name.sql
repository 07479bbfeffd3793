-- of a quoted table that is older than the tracker, columns go and others take their names: what went is as its catalog
-- row has it, not as the one that has its name by now; and what a text adds only if it is missing was not there
-- @strict
-- @@ before setup
create type "Use" as enum ('none', 'all');
create table "Model" ("id" int not null, "allow" "Use" not null, "kind" varchar(100) not null, "size" int not null);
-- @@ first client=script
create type "Kind" as enum ('a', 'b');
alter table "Model" drop column "kind", add column "kind" "Kind" not null;
-- @@ second author=bob client=script
alter table "Model" add column if not exists "level" int not null default 0;
alter table "Model" drop column if exists "chapter";
alter table "Model" add column "chapter" int;
-- @@ third client=script
alter table "Model" add column "allow_temp" "Use"[] not null default array['none']::"Use"[];
update "Model" set "allow_temp" = array["allow"];
alter table "Model" drop column "allow";
alter table "Model" rename column "allow_temp" to "allow";
