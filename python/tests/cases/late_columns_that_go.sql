-- a late tracker: columns that the text of a table's first row takes away, behind all others or several at once; where
-- the catalog has their places they stand there, as columns that are called alike are, else in the order of the text
-- @strict
-- @@ older setup
create table lines (id text primary key, quantity numeric not null, period_quantity numeric not null);
create table discounts (id text primary key, kind text not null, n int, pre_line_quantity numeric not null, note text);
create table comments (id text primary key, guest_id text);
create table torrents (hash text primary key, name text, piece_length numeric not null, seen text not null);
create table guests (id text primary key, guest_id text);
create table moments (id text primary key, created_at timestamptz not null, updated_at timestamptz not null, seen_at timestamptz, gone_at timestamptz, made_at timestamptz);
create table sums (id text primary key, price double precision not null, fee double precision not null);
create table "Account" ("id" text primary key, "balance" double precision not null, "isDraft" boolean not null default false, "isOpen" boolean not null default true, "at" timestamptz);
-- @@ a
create table other (id int);
-- @@ b
alter table discounts drop column kind, drop column pre_line_quantity;
-- @@ c
alter table comments drop column guest_id;
-- @@ d
alter table "Account" drop column "balance", drop column "isDraft";
-- @@ e
alter table other add column n int;
-- @@ f client=script
alter table torrents drop column piece_length;
alter table torrents drop column seen;
-- @@ g
alter table other add column m int;
