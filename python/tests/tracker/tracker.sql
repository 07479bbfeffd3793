-- Records DDL into pggit.objects and pggit.history the way pgGit v1 does, losses included.
-- Needs: the v1 tables (pggit_audit's sql/pggit_v1.sql), and a superuser, for the event triggers.
-- What it must reproduce, and from which recorded rows that was read, is in python/tests/test_tracker.py.

insert into pggit.branches (name) values ('main');

create function pggit.tracker_columns(p_schema text, p_table text) returns jsonb
language sql stable
begin atomic
    -- information_schema, because v1's facts have its quirks: a domain column shows its base type,
    -- only character types have a length, and a generated column has no default.
    select coalesce(
        jsonb_object_agg(
            c.column_name::text,
            jsonb_build_object(
                'type', c.udt_name::text || coalesce('(' || c.character_maximum_length::int || ')', ''),
                'nullable', c.is_nullable::text = 'YES',
                'default', c.column_default::text,
                'position', c.ordinal_position::int
            )
        ),
        '{}'::jsonb
    )
    from information_schema.columns as c
    where c.table_schema = p_schema and c.table_name = p_table;
end;

-- The row of pggit.objects for this object; made, with this metadata, when there is none. A row that is
-- there keeps its metadata and its is_active: that is why a recreated object is never active again.
create function pggit.tracker_object(
    p_type pggit.object_type, p_schema text, p_name text, p_parent integer, p_metadata jsonb
) returns pggit.objects
language plpgsql
as $tracker$
declare
    found_row pggit.objects;
begin
    insert into pggit.objects (object_type, schema_name, object_name, parent_id, metadata)
    values (p_type, p_schema, p_name, p_parent, p_metadata)
    on conflict (object_type, schema_name, object_name, branch_name) do nothing;

    select o.* into strict found_row
    from pggit.objects as o
    where o.object_type = p_type and o.schema_name = p_schema and o.object_name = p_name
        and o.branch_name = 'main';
    return found_row;
end
$tracker$;

-- ' - Added column(s): a, b - Removed column(s): c', from two metadata; names in jsonb's own order.
create function pggit.tracker_column_changes(p_old jsonb, p_new jsonb) returns text
language sql immutable
begin atomic
    with
    old_names as (select k.name, k.place from jsonb_object_keys(p_old -> 'columns') with ordinality as k (name, place)),
    new_names as (select k.name, k.place from jsonb_object_keys(p_new -> 'columns') with ordinality as k (name, place)),
    added as (
        select string_agg(n.name, ', ' order by n.place) as names
        from new_names as n
        where n.name not in (select o.name from old_names as o)
    ),
    removed as (
        select string_agg(o.name, ', ' order by o.place) as names
        from old_names as o
        where o.name not in (select n.name from new_names as n)
    )
    select coalesce(' - Added column(s): ' || added.names, '') || coalesce(' - Removed column(s): ' || removed.names, '')
    from added, removed;
end;

create function pggit.tracker_ddl_command_end() returns event_trigger
language plpgsql
as $tracker$
declare
    command record;
    kind pggit.object_type;
    change pggit.change_type;
    severity pggit.change_severity;
    in_schema text;
    called text;
    parent_name text;
    parent_id integer;
    facts jsonb;
    tracked pggit.objects;
    details text;
    col record;
begin
    for command in select * from pg_event_trigger_ddl_commands() loop
        continue when command.schema_name ~ '^pg_(toast_)?temp';

        change := case
            when command.command_tag in ('CREATE TABLE', 'CREATE VIEW', 'CREATE INDEX', 'CREATE FUNCTION') then 'CREATE'
            when command.command_tag in ('ALTER TABLE', 'ALTER VIEW', 'ALTER INDEX', 'ALTER FUNCTION') then 'ALTER'
        end;
        kind := case
            when command.object_type in ('table', 'view', 'index', 'function') then upper(command.object_type)
        end;
        -- A renamed column arrives as the object type "table column", a constraint as "table constraint".
        continue when change is null or kind is null;

        -- A function's OID is no relation's: regclass prints the number. Quotes stay, a schema prefix goes.
        in_schema := command.schema_name;
        called := command.objid::regclass::text;
        if left(called, length(in_schema) + 1) = in_schema || '.' then
            called := substr(called, length(in_schema) + 2);
        end if;

        facts := jsonb_build_object('oid', command.objid::text);
        parent_id := null;
        if kind = 'TABLE' then
            -- By the name as printed: a name in quotes finds no columns.
            facts := facts || jsonb_build_object('columns', pggit.tracker_columns(in_schema, called));
        elsif kind = 'INDEX' then
            select i.schemaname, i.tablename into in_schema, parent_name
            from pg_indexes as i
            where i.schemaname = command.schema_name and i.indexname = called;
            -- Likewise: an index with a quoted name finds no table, and lands in public.
            in_schema := coalesce(in_schema, 'public');
            facts := facts || jsonb_build_object('table', parent_name);
            select o.id into parent_id
            from pggit.objects as o
            where o.object_type = 'TABLE' and o.schema_name = in_schema and o.object_name = parent_name;
        end if;

        tracked := pggit.tracker_object(kind, in_schema, called, parent_id, facts);
        if kind = 'TABLE' then
            for col in select * from jsonb_each(facts -> 'columns') order by (value ->> 'position')::int loop
                perform pggit.tracker_object(
                    'COLUMN', in_schema, called || '.' || col.key, tracked.id, col.value - 'position'
                );
            end loop;
        end if;

        severity := 'MINOR';
        details := '';
        if change = 'ALTER' and kind = 'TABLE' and tracked.metadata is distinct from facts then
            severity := 'MAJOR';
            details := pggit.tracker_column_changes(tracked.metadata, facts);
        end if;

        insert into pggit.history (
            object_id, change_type, change_severity, old_version, new_version,
            old_metadata, new_metadata, change_description, sql_executed
        )
        values (
            tracked.id, change, severity, tracked.version, tracked.version + 1,
            tracked.metadata, facts,
            format('%s %s %s.%s', command.command_tag, command.object_type, in_schema, called) || details,
            current_query()
        );
        update pggit.objects
        set
            version = version + 1,
            -- as one number in three parts: a change of severity MAJOR, MINOR or PATCH raises one, and ends those behind it
            version_major = version_major + (severity = 'MAJOR')::integer,
            version_minor = case severity when 'MAJOR' then 0 when 'MINOR' then version_minor + 1 else version_minor end,
            version_patch = case severity when 'PATCH' then version_patch + 1 else 0 end,
            metadata = facts
        where id = tracked.id;
    end loop;
end
$tracker$;

-- From here on it records, and so its own second half, as v1 does.
create event trigger pggit_tracker_ddl on ddl_command_end execute function pggit.tracker_ddl_command_end();

create function pggit.tracker_sql_drop() returns event_trigger
language plpgsql
as $tracker$
declare
    dropped record;
    tracked pggit.objects;
begin
    for dropped in select * from pg_event_trigger_dropped_objects() loop
        -- By the bare name, so that a name stored with quotes, or as an OID, is never found.
        select o.* into tracked
        from pggit.objects as o
        where o.object_type = case when dropped.object_type in ('table', 'view', 'index')
                then upper(dropped.object_type)::pggit.object_type end
            and o.schema_name = dropped.schema_name and o.object_name = dropped.object_name
            and o.is_active;
        continue when tracked.id is null;

        update pggit.objects set is_active = false where id = tracked.id;
        insert into pggit.history (
            object_id, change_type, change_severity, old_version, change_description, sql_executed
        )
        values (
            tracked.id, 'DROP', 'MAJOR', tracked.version,
            format('Dropped %s %s.%s', tracked.object_type, tracked.schema_name, tracked.object_name),
            current_query()
        );
    end loop;
end
$tracker$;

create event trigger pggit_tracker_drop on sql_drop execute function pggit.tracker_sql_drop();

-- DDL runs as whoever runs it, and so does what records it.
grant usage on schema pggit to public;
grant select, insert, update on all tables in schema pggit to public;
grant usage on all sequences in schema pggit to public;
