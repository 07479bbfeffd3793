-- @strict
-- blocks that decide by the catalog: whether a column, a constraint, an enum label, an index is there; all written twice
-- @@ a client=script
create type lvl as enum ('low', 'high');
create table tk (id int primary key, l lvl default 'low', n int);
-- @@ b client=script author=alice
do $$ begin
 if not exists (select 1 from pg_enum e join pg_type t on t.oid = e.enumtypid where t.typname = 'lvl' and e.enumlabel = 'mid') then alter type lvl add value 'mid' after 'low'; end if; end $$;
do $$ begin
 if not exists (select from information_schema.columns where table_name = 'tk' and column_name = 'due') then alter table tk add column due date; end if;
 if not exists (select from pg_constraint where conname = 'tk_n') then alter table tk add constraint tk_n check (n > 0); end if;
 if to_regclass('tk_due') is null then create index tk_due on tk (due); end if;
 if (select data_type from information_schema.columns where table_name = 'tk' and column_name = 'n') = 'integer' then alter table tk alter column n type bigint; end if;
end $$;
-- @@ c client=script author=alice
do $$ begin
 if not exists (select from information_schema.columns where table_name = 'tk' and column_name = 'due') then alter table tk add column due date; end if;
 if (select data_type from information_schema.columns where table_name = 'tk' and column_name = 'n') = 'integer' then alter table tk alter column n type bigint; else alter table tk alter column n set not null; end if;
end $$;
-- @@ d author=alice
alter table tk add column z lvl default 'mid';
