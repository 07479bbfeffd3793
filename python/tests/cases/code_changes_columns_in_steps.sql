-- @strict
-- code that decides by the catalog changes a table several times: adds, retypes, drops, sets; its rows have the columns between
-- @@ a
create table tk (id int primary key, n int, old text, v varchar(5) default 'x');
-- @@ b
do $$ begin
  if to_regclass('tk') is not null then alter table tk add column due date; end if;
  alter table tk alter column n type bigint;
  if to_regclass('tk') is not null then alter table tk drop column old; end if;
  alter table tk alter column v type text, alter column v set not null;
  if to_regclass('tk_due') is null then create index tk_due on tk (due); end if;
  alter table tk alter column v set default 'y';
end $$;
-- @@ c
alter table tk add column z int;
create function rebuild() returns void language plpgsql as $$ begin
  if exists (select from pg_attribute where attrelid = 'tk'::regclass and attname = 'z') then
    alter table tk alter column z type bigint; alter table tk alter column z set not null; alter table tk drop column due;
  end if; end $$;
-- @@ d
select rebuild();
-- @@ e
alter table tk add column e int;
