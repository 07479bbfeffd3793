{#-
  Facts against facts: what a server holds once the script ran, and what v1 read from a server. No text is taken apart but
  a default that is a constant, and that only where it is printed alike under every setting.
-#}
{% test rebuilt_columns_are_those_that_v1_recorded(model, commits, changes, history) %}
{%- set constant = "$re$^(?:[0-9]+$|true$|false$|'[^'\\\\]*'(?=::(?:text|character varying|bpchar|jsonb|uuid)$))$re$" %}

with

ends as (

    select
        commits.commit_sha,
        max(changes.event_no) as event_no
    from {{ commits }} as commits
    inner join {{ changes }} as changes on commits.commit_sha = changes.commit_sha
    group by commits.commit_sha

),

types as (

    select
        event_no,
        row_number() over (partition by object_identity order by event_no) > 1 as is_another
    from {{ changes }}
    where object_type = 'TYPE' and change_type <> 'DROP'

),

-- rows whose definition the tree has
alike as (

    select
        rebuilt.commit_sha,
        rebuilt.object_identity,
        changes.v1_version_id,
        rebuilt.columns as rebuilt_columns,
        history.new_metadata -> 'columns' as recorded_columns,
        changes.event_no,
        ends.event_no as end_no,
        row_number() over (
            partition by rebuilt.commit_sha, rebuilt.object_identity
            order by changes.event_no <= ends.event_no desc, changes.event_no desc
        ) = 1 and changes.event_no <= ends.event_no as is_the_last
    from {{ model }} as rebuilt
    inner join {{ commits }} as commits on rebuilt.commit_sha = commits.commit_sha
    inner join ends on commits.commit_sha = ends.commit_sha
    cross join lateral unnest(commits.object_identities, commits.definitions) as entries (object_identity, definition)
    inner join {{ changes }} as changes
        on rebuilt.object_identity = changes.object_identity
        and entries.definition = changes.new_definition
    inner join {{ history }} as history on changes.v1_version_id = history.version_id
    where
        entries.object_identity = rebuilt.object_identity
        and jsonb_typeof(rebuilt.columns) = 'object'
        and rebuilt.failure is null
        and changes.object_type = 'TABLE'
        and changes.change_type <> 'DROP'
        and changes.fidelity in ('exact', 'repaired')
        and jsonb_typeof(history.new_metadata -> 'columns') = 'object'
        and history.new_metadata -> 'columns' <> '{}'

),

-- where a type has changed since, or until then, the same words may have meant something else
tables as (

    select *
    from alike
    where
        is_the_last
        or not exists (
            select types.event_no
            from types
            where
                types.is_another
                and types.event_no > least(alike.event_no, alike.end_no)
                and types.event_no <= greatest(alike.event_no, alike.end_no)
        )

),

made as (

    select
        tables.commit_sha,
        tables.v1_version_id,
        columns.name as column_name,
        row_number() over (
            partition by tables.commit_sha, tables.v1_version_id order by (columns.fact ->> 'position')::integer
        ) as place,
        columns.fact ->> 'type' as type_name,
        (columns.fact ->> 'nullable')::boolean as is_nullable,
        columns.fact ->> 'default' as default_text,
        (columns.fact ->> 'of_domain')::boolean as is_of_domain,
        (columns.fact ->> 'of_partition')::boolean as is_of_partition
    from tables
    cross join lateral jsonb_each(tables.rebuilt_columns) as columns (name, fact)

),

recorded as (

    select
        tables.commit_sha,
        tables.v1_version_id,
        columns.name as column_name,
        row_number() over (
            partition by tables.commit_sha, tables.v1_version_id order by (columns.fact ->> 'position')::integer
        ) as place,
        columns.fact ->> 'type' as type_name,
        (columns.fact ->> 'nullable')::boolean as is_nullable,
        columns.fact ->> 'default' as default_text
    from tables
    cross join lateral jsonb_each(tables.recorded_columns) as columns (name, fact)

)

select
    coalesce(made.commit_sha, recorded.commit_sha) as commit_sha,
    coalesce(made.v1_version_id, recorded.v1_version_id) as v1_version_id,
    coalesce(made.column_name, recorded.column_name) as column_name,
    made.place as rebuilt_place,
    recorded.place as recorded_place,
    made.type_name as rebuilt_type,
    recorded.type_name as recorded_type,
    made.is_nullable as rebuilt_nullable,
    recorded.is_nullable as recorded_nullable,
    made.default_text as rebuilt_default,
    recorded.default_text as recorded_default
from made
full join recorded
    on made.commit_sha = recorded.commit_sha
    and made.v1_version_id = recorded.v1_version_id
    and made.column_name = recorded.column_name
where
    made.place is distinct from recorded.place
    or (made.default_text is null) <> (recorded.default_text is null)
    or substring(made.default_text from {{ constant }}) is distinct from substring(recorded.default_text from {{ constant }})
    -- what a column of a domain is changes with the domain
    or (made.type_name is distinct from recorded.type_name and made.is_of_domain is not true)
    or (
        made.is_nullable is distinct from recorded.is_nullable
        and made.is_of_domain is not true
        -- since 18 the parent of a partition may have a NOT NULL that no row was checked for
        and not (made.is_of_partition and recorded.is_nullable)
    )

{% endtest %}
