-- names with a dollar in them, as those have who came from another database
-- @strict
-- @@ a
create table log$audit (id$ int primary key, user$name text not null, at$1 timestamptz);
create index log$idx on log$audit (user$name);
-- @@ b
alter table log$audit rename to log$old;
alter table log$old rename column user$name to who$;
-- @@ c client=script
alter table log$old add column note$x text;
create view v$log as select id$, who$ from log$old;
alter table log$old rename column at$1 to at$2;
create function get$log(a$ int) returns int language sql as $body$ select a$ + 1 $body$;
-- @@ d
do $x$ begin alter table log$old add column more$ int; alter table log$old drop column note$x; end $x$;
-- @@ e client=script
create sequence seq$1;
alter table log$old alter column id$ set default nextval('seq$1');
create type kind$ as enum ('a', 'b');
alter table log$old add column k$ kind$ default 'a';
create trigger tr$1 before update on log$old for each row execute function suppress_redundant_updates_trigger();
alter index log$idx rename to log$idx2;
-- @@ f
alter table log$old drop column k$;

