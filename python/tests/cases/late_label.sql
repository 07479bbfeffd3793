-- an enum that is older than the tracker gets a label, without a row
-- @strict
-- @@ before setup
create type "Kind" as enum ('paper', 'web');
create type mood as enum ('good');
create table "Letter" ("id" text primary key, "kind" "Kind" not null);
-- @@ one
alter type "Kind" add value 'phone' before 'web';
-- @@ two
alter table "Letter" add column "sent" date;
-- @@ three
alter type "Kind" add value 'post';
alter type mood add value 'bad';
-- @@ four
alter table "Letter" add column "read" date;
