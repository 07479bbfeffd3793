-- labels are added without a row, and then a text renames the enum: what it had by then, nobody recorded
-- @@ a client=script
create type mood as enum ('sad', 'ok', 'glad');
create table pet (id int primary key, mood mood not null default 'ok');
-- @@ b
alter type mood add value 'elated' after 'ok';
-- @@ c client=script
alter type mood rename to feeling;
alter table pet add column before feeling;
-- @@ d
alter table pet add column n int;
