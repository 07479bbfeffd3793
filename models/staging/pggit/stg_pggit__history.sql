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

history as (

    select * from {{ history_source }}

),

{% if installed %}

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

recorded as (

    select
        history.id::bigint as version_id,
        coalesce(branches.name, named_objects.branch_name, 'main') as branch_name,
        named_objects.object_type::text as object_type,
        coalesce({{ unquoted('named_objects.name_parts[1]') }}, nullif(named_objects.schema_name, '')) as object_schema,
        coalesce(named_objects.name_parts[2], named_objects.object_name) as object_name,
        history.change_type::text as change_type,
        history.change_severity::text as change_severity,
        history.sql_executed as change_sql,
        history.change_description as change_description,
        history.new_metadata as new_metadata,
        history.old_metadata as old_metadata,
        history.created_at::timestamp as created_at,
        history.created_by as author
    from history
    left join named_objects on history.object_id = named_objects.id
    left join branches on history.branch_id = branches.id

),

{% else %}

{#- a schema, quoted or not, that stands before the first dot; a routine's argument types may hold dots too -#}
{%- set schema_prefix = '^("(?:[^"]|"")+"|[^".(]+)\\.(.+)$' -%}

qualified as (

    select
        history.*,
        regexp_match(object_name, '{{ schema_prefix }}') as name_parts
    from history

),

recorded as (

    select
        version_id::bigint as version_id,
        'main' as branch_name,
        object_type::text as object_type,
        {{ unquoted('name_parts[1]') }} as object_schema,
        coalesce(name_parts[2], object_name)::text as object_name,
        change_type::text as change_type,
        null::text as change_severity,
        change_sql as change_sql,
        null::text as change_description,
        null::jsonb as new_metadata,
        null::jsonb as old_metadata,
        {{ as_timestamp(columns, 'created_at') }} as created_at,
        author::text as author
    from qualified

),

{% endif %}

{#- A tracker that is at work records what a build makes, while it makes it: that would never come to an end. An index
    with a quoted name, as dbt gives them, it takes for one of public; dbt's comment on the query tells. #}
final as (

    select * from recorded
    where
        coalesce(object_schema not in ('{{ var("audit_schema") }}', '{{ var("audit_schema") }}_work'), true)
        and coalesce(left(change_sql, 300) not like '/* {"app": "dbt", %"node_id": "model.{{ project_name }}.%', true)

)

select * from final
