-- A late tracker, hand-written: keys that texts take away, of tables and columns that have other names by then. Their own names
-- say what they were on; what happened on delete, the texts that make them again do not
-- @strict
-- @@ older setup
create table account (id integer primary key, name text not null);
create table card (id integer primary key, track text unique, account_id integer not null references account (id));
create table card_file (id integer primary key, card_id integer not null references card (id), account_id integer references account (id));
create table deck (id integer primary key, size integer not null);
create table draft (id integer primary key, note text);
-- @@ a client=script
create table box (id integer primary key, account_id integer not null);
alter table box add constraint box_account foreign key (account_id) references account (id);
alter table deck drop column size;
-- @@ b client=script
alter table card rename to chunk;
alter table card_file rename column card_id to chunk_id;
alter table card_file rename to chunk_file;
alter table deck rename to pile;
alter table draft add column title text;
-- @@ c client=script
alter table chunk_file drop constraint card_file_card_id_fkey;
alter table chunk_file add constraint chunk_file_chunk_id_fkey foreign key (chunk_id) references chunk(id) on delete cascade;
alter table chunk drop constraint card_track_key;
alter table chunk drop constraint card_account_id_fkey;
alter table chunk add constraint chunk_account_id_fkey foreign key (account_id) references account(id) on delete cascade;
alter table chunk_file drop constraint card_file_account_id_fkey;
alter table chunk_file add constraint chunk_file_account_id_fkey foreign key (account_id) references account(id) on delete cascade;
alter table box drop constraint box_account;
alter table box add constraint box_account foreign key (account_id) references account(id) on delete cascade;
-- @@ d
drop table draft;
