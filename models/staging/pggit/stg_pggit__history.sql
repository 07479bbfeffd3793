{%- set history_source = source('pggit', 'history') -%}
{%- set objects_source = source('pggit', 'objects') -%}
{%- set branches_source = source('pggit', 'branches') -%}
{%- set columns = source_columns(history_source) -%}
{%- set installed = 'object_id' in columns or not execute -%}
{%- if installed -%}
    {%- do source_columns(objects_source) -%}
    {%- do source_columns(branches_source) -%}
{%- else -%}
    {%- do require_columns(
        history_source,
        ['version_id', 'object_name', 'object_type', 'change_type', 'change_sql', 'author', 'created_at']
    ) -%}
{%- endif -%}

{#- v1 takes the schema from the front of a name only where the schema is written without quotes -#}
{%- set quoted_schema = '^("(?:[^"]|"")+")\\.(.+)$' -%}

with

{% if installed %}

history as (

    {{ history_rows() }}

),

objects as (

    select * from {{ objects_source }}

),

branches as (

    select * from {{ branches_source }}

),

named_objects as (

    select
        objects.*,
        regexp_match(objects.object_name, '{{ quoted_schema }}') as name_parts
    from objects

),

-- v1 counts an object's events from 2, drops aside, and prints major.minor.patch from 1.0.0 on
counted as (

    select
        history.*,
        sum((history.change_severity::text = 'MAJOR')::integer) filter (where history.new_version is not null) over (
            partition by history.object_id order by history.id
        ) as majors,
        count(history.new_version) over (partition by history.object_id order by history.id) as events
    from history

),

counted_minor as (

    select
        counted.*,
        sum((change_severity::text = 'MINOR')::integer) filter (where new_version is not null) over (
            partition by object_id, majors order by id
        ) as minors
    from counted

),

numbered as (

    select
        counted_minor.*,
        sum((change_severity::text = 'PATCH')::integer) filter (where new_version is not null) over (
            partition by object_id, majors, minors order by id
        ) as patches,
        -- where rows are missing, what they added cannot be told
        bool_and(new_version is null or new_version = events + 1) over (
            partition by object_id order by id
        ) as is_whole
    from counted_minor

),

recorded as (

    select
        history.id::bigint as version_id,
        history.new_version::integer as v1_version,
        case
            when history.new_version is not null and history.is_whole
                then (1 + history.majors) || '.' || history.minors || '.' || history.patches
        end as v1_version_string,
        coalesce(branches.name, named_objects.branch_name, 'main') as branch_name,
        named_objects.object_type::text as object_type,
        coalesce({{ unquoted('named_objects.name_parts[1]') }}, nullif(named_objects.schema_name, '')) as object_schema,
        coalesce(named_objects.name_parts[2], named_objects.object_name) as object_name,
        history.change_type::text as change_type,
        history.change_severity::text as change_severity,
        history.sql_executed as change_sql,
        history.change_description,
        history.new_metadata,
        history.old_metadata,
        history.created_at::timestamp as created_at,
        history.created_by as author,
        history.trail_is_archived as is_archived,
        history.trail_digest as source_digest,
        history.trail_transaction_id as transaction_id
    from numbered as history
    left join named_objects on history.object_id = named_objects.id
    left join branches on history.branch_id = branches.id

),

{% else %}

{#- a schema, quoted or not, that stands before the first dot; a routine's argument types may hold dots too -#}
{%- set schema_prefix = '^("(?:[^"]|"")+"|[^".(]+)\\.(.+)$' -%}

history as (

    {{ history_rows() }}

),

qualified as (

    select
        history.*,
        regexp_match(object_name, '{{ schema_prefix }}') as name_parts
    from history

),

recorded as (

    select
        version_id::bigint as version_id,
        null::integer as v1_version,
        null::text as v1_version_string,
        'main' as branch_name,
        object_type::text as object_type,
        {{ unquoted('name_parts[1]') }} as object_schema,
        coalesce(name_parts[2], object_name)::text as object_name,
        change_type::text as change_type,
        null::text as change_severity,
        change_sql,
        null::text as change_description,
        null::jsonb as new_metadata,
        null::jsonb as old_metadata,
        {{ as_timestamp(columns, 'created_at') }} as created_at,
        author::text as author,
        trail_is_archived as is_archived,
        trail_digest as source_digest,
        trail_transaction_id as transaction_id
    from qualified

),

{% endif %}

-- a transaction that wrote rows of several transactions is that of a restore
restored as (

    select transaction_id
    from recorded
    group by transaction_id
    having min(created_at) <> max(created_at)

),

final as (

    select
        recorded.*,
        {{ made_by_a_build(
            'recorded.transaction_id', 'restored.transaction_id is not null', 'recorded.created_at', 'recorded.author'
        ) }} as is_made_by_a_build
    from recorded
    left join restored on recorded.transaction_id = restored.transaction_id

)

select * from final
