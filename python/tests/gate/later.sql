-- What happens at the bookshop after its history was built for the first time: DDL that v1 records and DDL that
-- it does not, a branch in v1, rows without author and time, and commits made in pggit_v0 itself, one of them a
-- merge. So the next build has a bit of everything to add.

-- v1 ------------------------------------------------------------------------------------------------------------

create function pg_temp.recorded(
    statement text, kind text, in_schema text, named text, change text, who text, at timestamp,
    on_branch text default 'main', columns jsonb default null
) returns void language plpgsql as $$
declare
    object integer;
    number integer;
    facts jsonb := jsonb_build_object('oid', to_regclass(in_schema || '.' || named)::oid::text);
begin
    if kind = 'TABLE' then
        facts := facts || jsonb_build_object('columns', coalesce(columns, (
            select jsonb_object_agg(column_name, jsonb_build_object(
                'type', udt_name, 'nullable', is_nullable = 'YES', 'default', column_default, 'position', ordinal_position
            ))
            from information_schema.columns
            where table_schema = in_schema and table_name = named
        )));
    end if;

    insert into pggit.objects (object_type, schema_name, object_name, branch_name)
    values (kind::pggit.object_type, in_schema, named, on_branch)
    on conflict (object_type, schema_name, object_name, branch_name) do update set object_name = excluded.object_name
    returning id into object;

    if change <> 'DROP' then
        update pggit.objects
        set version = version + 1, version_minor = version_minor + 1, version_patch = 0
        where id = object
        returning version into number;
    end if;

    insert into pggit.history (
        object_id, change_type, change_severity, new_version, new_metadata, change_description, sql_executed, created_at, created_by
    )
    values (
        object, change::pggit.change_type, 'MINOR', number, facts,
        format('%s %s %s.%s', change, kind, in_schema, named), statement, at, who
    );
end
$$;

create function pg_temp.tracked(
    statement text, kind text, in_schema text, named text, change text, who text, at timestamp
) returns void language plpgsql as $$
begin
    execute statement;
    perform pg_temp.recorded(statement, kind, in_schema, named, change, who, at);
end
$$;

select pg_temp.tracked(
    'ALTER TABLE public.authors ADD COLUMN born integer', 'TABLE', 'public', 'authors', 'ALTER', 'marta', '2024-04-01 09:00:00.000123'
);

-- the schema leaves no row, the table does
create schema attic;
select pg_temp.tracked(
    'CREATE TABLE attic.box (id integer, label text)', 'TABLE', 'attic', 'box', 'CREATE', 'jonas', '2024-04-02 09:00'
);

-- nor does a column's new name, so that the next row tells of two changes of one object
alter table attic.box rename label to title;
select pg_temp.tracked(
    'ALTER TABLE attic.box ADD COLUMN shelf integer', 'TABLE', 'attic', 'box', 'ALTER', 'jonas', '2024-04-02 09:00'
);

select pg_temp.tracked(
    'CREATE VIEW public.young_authors AS SELECT id FROM public.authors WHERE born > 1990',
    'VIEW', 'public', 'young_authors', 'CREATE', null, null
);

select pg_temp.tracked(
    'CREATE OR REPLACE VIEW public.young_authors AS SELECT id FROM public.authors WHERE born > 1995',
    'VIEW', 'public', 'young_authors', 'ALTER', 'marta', '2024-04-04 09:00'
);

-- nothing that the shadow would run, so its text has to do; and there is no such view
select pg_temp.recorded(
    'CREATE VIEW public.ghosts AS SELECT * FROM dblink(''dbname=elsewhere'', ''select 1'') AS t (id integer)',
    'VIEW', 'public', 'ghosts', 'CREATE', 'jonas', '2024-04-04 10:00'
);

-- what the tracker records of itself
select pg_temp.recorded(
    'CREATE INDEX ON pggit.history (object_id)', 'INDEX', 'pggit', 'history_object_id_idx', 'CREATE', 'postgres', '2024-04-05 09:00'
);

insert into pggit.branches (name, parent_branch_id, created_at) values ('trial', 1, '2024-04-06 09:00');
select pg_temp.recorded(
    'ALTER TABLE attic.box ADD COLUMN colour text', 'TABLE', 'attic', 'box', 'ALTER', 'priya', '2024-04-06 09:00', 'trial',
    '{
        "id": {"type": "int4", "nullable": true, "position": 1},
        "title": {"type": "text", "nullable": true, "position": 2},
        "shelf": {"type": "int4", "nullable": true, "position": 3},
        "colour": {"type": "text", "nullable": true, "position": 4}
    }'
);

-- pggit_v0 ------------------------------------------------------------------------------------------------------

create function pg_temp.stored(kind text, raw text) returns text language sql as $$
    insert into pggit_v0.objects (sha, type, size, content)
    values (
        encode(sha256(convert_to(kind || ' ' || length(raw) || ':' || raw, 'UTF8')), 'hex'), kind, length(raw),
        case kind when 'tree' then encode(convert_to(raw, 'UTF8'), 'base64') else raw end
    )
    on conflict (sha) do update set type = kind
    returning sha
$$;

-- A commit on a branch; definitions by path, null for what is dropped; a merge names the branch that it takes in.
create function pg_temp.committed(
    on_branch text, definitions jsonb, says text, who text, at timestamp, starts_at text default null, merges text default null
) returns void language plpgsql as $$
declare
    parents text[] := array(
        select target_sha from pggit_v0.refs
        where name in ('refs/heads/' || coalesce(starts_at, on_branch), 'refs/heads/' || merges)
        order by name = 'refs/heads/' || merges
    );
    tree text;
    made text;
    person text := format('%s <%s@pggit>', who, who);
    stamp text := format('%s %s +0000', person, extract(epoch from at)::bigint);
begin
    create temporary table entry on commit drop as
    select path, object_sha
    from pggit_v0.tree_entries
    where
        tree_sha = (select tree_sha from pggit_v0.commit_graph where commit_sha = parents[1])
        and not definitions ? path
    union all
    select key, pg_temp.stored('blob', value) from jsonb_each_text(definitions)
    where value is not null;

    tree := pg_temp.stored('tree', (select string_agg('100644 ' || path || '|' || object_sha || '|', '' order by path) from entry));
    insert into pggit_v0.tree_entries
    select tree, path, '100644', object_sha from entry
    on conflict do nothing;
    drop table entry;

    made := pg_temp.stored('commit', format(
        e'tree %s\n%sauthor %s\ncommitter %s\n\n%s', tree,
        (select string_agg(format(e'parent %s\n', parent), '') from unnest(parents) as parent), stamp, stamp, says
    ));
    insert into pggit_v0.commit_graph
    select
        made, parents, tree, max(generation) + 1, person, person, at, at, says
    from pggit_v0.commit_graph where commit_sha = any (parents);
    insert into pggit_v0.refs values ('refs/heads/' || on_branch, made, 'branch')
    on conflict (name) do update set target_sha = made;
end
$$;

select pg_temp.committed(
    'awards', '{"public.awards": "CREATE TABLE public.awards (\n    book_id integer,\n    year integer\n);"}',
    'Awards', 'jonas', '2024-05-01 10:00:00', starts_at => 'main'
);
select pg_temp.committed(
    'tidy', '{"public.legacy_view": null}', 'Nobody uses it', 'marta', '2024-05-02 10:00:00', starts_at => 'main'
);
select pg_temp.committed(
    'awards', '{"public.awards": "CREATE TABLE public.awards (\n    book_id integer,\n    year integer,\n    name text\n);"}',
    'Awards have a name', 'jonas', '2024-05-03 10:00:00'
);
select pg_temp.committed(
    'keep', '{"public.legacy_view": "CREATE TABLE public.legacy_view (\n    id integer\n);"}',
    'A table in place of the view', 'marta', '2024-05-03 11:00:00', starts_at => 'main'
);
select pg_temp.committed(
    'awards', '{"public.legacy_view": null}', 'Merge tidy', 'jonas', '2024-05-04 10:00:00', merges => 'tidy'
);
