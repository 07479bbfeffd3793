-- Tables that are older than the tracker: their first row is of a text that renames their columns, and then them. Their
-- columns had the old names, at the places that the record has of the new ones.
-- @strict
-- @@ old setup
create table card (id int primary key, html text not null, weight int not null);
create table deck (id int primary key, card_id int not null, title text);
alter table deck add constraint deck_card_id_fkey foreign key (card_id) references card (id) on delete cascade;
create index on deck (card_id);
create table shelf (id int primary key, place text, width int);
-- @@ first client=script
alter table deck rename column card_id to chunk_id;
alter table deck rename to pile;
alter table card rename column html to body;
alter table card rename to chunk;
-- @@ second client=script
alter table shelf rename column place to room;
alter table shelf add column height int;
-- @@ third
alter table pile add unique (id, chunk_id);
alter table shelf drop column width;
