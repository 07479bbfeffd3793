-- a text takes the key of an older table away, and makes a unique index in its place: the key was on these columns
-- @strict
-- @@ older setup
create table vote (edit_id int not null, user_id int not null, vote text, primary key (edit_id, user_id));
-- @@ first
alter table vote add column note text;
-- @@ second client=script
alter table vote drop constraint vote_pkey;
alter table vote alter column user_id drop not null;
create unique index vote_edit_id_user_id_idx on vote (edit_id, user_id);
-- @@ third
alter table vote add column more text;
