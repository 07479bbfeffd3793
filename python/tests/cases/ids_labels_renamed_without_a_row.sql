-- labels get other names in a transaction that leaves no row; the ids tell which, and when
-- @strict
-- @@ a client=script
create type api as enum ('get-a', 'post-a', 'drop-a');
create type state as enum ('new', 'old');
create table calls (id int primary key, what api not null, how state not null);
-- @@ b
create table others (id int);
-- @@ c client=script
alter type api rename value 'get-a' to 'load-a';
alter type api rename value 'drop-a' to 'end-a';
alter type state rename value 'new' to 'young';
alter type state rename value 'old' to 'aged';
-- @@ d
alter table others add column a int;
-- @@ e
alter type api add value 'move-a' after 'load-a';
-- @@ f
alter table others add column b int;
