-- late tracker: blocks and functions change what was there before, in steps, by the catalog; types, defaults, columns dropped
-- @@ a setup client=script
create type st as enum ('a', 'b');
create table old_t (id serial primary key, s st default 'a', n int not null default 5, gone text, v varchar(20));
create index old_n on old_t (n);
create table "Old" ("Id" int primary key, "Ref" int references old_t);
create function bump() returns void language plpgsql as $$ begin alter table old_t alter column n type bigint; alter table old_t drop column gone; end $$;
-- @@ b
select bump();
-- @@ c client=script
do $$ declare r record; begin for r in select conname from pg_constraint where conrelid = '"Old"'::regclass and contype = 'f' loop execute format('alter table "Old" drop constraint %I', r.conname); end loop;
alter table "Old" add constraint "Old_Ref" foreign key ("Ref") references old_t on delete cascade; end $$;
-- @@ d client=script
do $$ begin if exists (select from pg_type where typname = 'st') then alter table old_t alter column s drop default; alter table old_t alter column s type text; drop type st; alter table old_t alter column s set default 'c'; end if; end $$;
-- @@ e
alter table old_t add column z int;
alter table "Old" add column "Z" int;
