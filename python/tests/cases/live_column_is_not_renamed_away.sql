-- a statement names a column of which nothing else is known, and another of its table is never named again, but lives:
-- the one is not the other under a later name
-- @@ before setup
create table "Reply" ("result" int not null, "part" text not null, "used" text);
create unique index "Reply_result_part_key" on "Reply" ("result", "part");
-- @@ first
create index "Reply_part_idx" on "Reply" ("part");
-- @@ second author=bob
create index "Reply_used_idx" on "Reply" ("used") where "used" is not null;
-- @@ third
alter table "Reply" add column "item" text;
-- @@ fourth author=bob client=script
alter table "Reply" drop column "item", drop column "used";
create table "Step" ("id" int primary key);
-- @@ fifth
create index "Reply_result_idx" on "Reply" ("result");
