-- code that looks at the catalog takes a key away, renames its column, and gives the name to a new one of another type:
-- its rows tell of the first column, the definitions that it left have the second
-- @@ first
create table bucket (id text not null primary key, format text default 'plain' not null);
-- @@ second
do $$
declare
    many boolean := coalesce(current_setting('app.many', true), 'false')::boolean;
    drop_key text;
begin
    select concat('alter table bucket drop constraint ', constraint_name) into drop_key
    from information_schema.table_constraints
    where table_name = 'bucket' and constraint_type = 'PRIMARY KEY';
    if drop_key is not null then execute drop_key; end if;
    if not exists (select from information_schema.columns where table_name = 'bucket' and column_name = 'name') then
        alter table bucket rename column id to name;
    end if;
    alter table bucket add column if not exists id uuid not null default gen_random_uuid();
    alter table bucket add primary key (id);
    alter table bucket add column if not exists deleted_at timestamptz;
    create unique index if not exists bucket_name on bucket (name) where deleted_at is null;
    if many then return; end if;
    alter table bucket alter column format type varchar(20);
end $$;
