{%- set entries_source = source('pggit_v0', 'tree_entries') -%}
{%- set trees_source = source('pggit_v0', 'trees') -%}
{%- set installed = source_columns(entries_source, required=false) is not none -%}
{%- if not installed -%}
    {%- set columns = source_columns(trees_source) -%}
    {%- set table = trees_source.schema ~ '.trees' -%}
{%- endif -%}

with

{% if installed %}

tree_entries as (

    select * from {{ entries_source }}

),

final as (

    select
        tree_sha,
        path,
        mode,
        object_sha
    from tree_entries

)

{% else %}

trees as (

    select * from {{ trees_source }}

),

final as (

    select
        {{ pick_column(columns, table, ['tree_sha', 'sha']) }}::text as tree_sha,
        {{ pick_column(columns, table, ['path', 'object_name', 'name'], 'null') }}::text as path,
        {{ pick_column(columns, table, ['mode'], "'100644'") }}::text as mode,
        {{ pick_column(columns, table, ['object_sha', 'blob_sha'], 'null') }}::text as object_sha
    from trees

)

{% endif %}

select * from final
