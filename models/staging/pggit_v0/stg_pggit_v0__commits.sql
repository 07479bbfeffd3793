{%- set graph_source = source('pggit_v0', 'commit_graph') -%}
{%- set commits_source = source('pggit_v0', 'commits') -%}
{%- set installed = source_columns(graph_source, required=false) is not none -%}
{%- if not installed -%}
    {%- set columns = source_columns(commits_source) -%}
    {%- set table = commits_source.schema ~ '.commits' -%}
    {%- set parent = columns.keys() | select('in', ['parent_sha', 'parent_commit_sha']) | first -%}
{%- endif -%}

with

{% if installed %}

commits as (

    select * from {{ graph_source }}

),

final as (

    select
        commit_sha,
        parent_shas,
        tree_sha,
        generation,
        author,
        committer,
        authored_at::timestamp as authored_at,
        committed_at::timestamp as committed_at,
        message
    from commits

)

{% else %}

commits as (

    select * from {{ commits_source }}

),

final as (

    select
        {{ pick_column(columns, table, ['commit_sha', 'sha', 'hash'], 'null') }}::text as commit_sha,
        {% if parent -%}
            array_remove(array[{{ adapter.quote(parent) }}::text], null) as parent_shas,
        {%- else -%}
            {{ pick_column(columns, table, ['parent_shas'], "'{}'") }}::text[] as parent_shas,
        {%- endif %}
        {{ pick_column(columns, table, ['tree_sha']) }}::text as tree_sha,
        {{ pick_column(columns, table, ['generation'], 'null') }}::integer as generation,
        {{ pick_column(columns, table, ['author']) }}::text as author,
        {{ pick_column(columns, table, ['committer', 'author']) }}::text as committer,
        {{ as_timestamp(columns, 'timestamp') }} as authored_at,
        {{ as_timestamp(columns, 'timestamp') }} as committed_at,
        {{ pick_column(columns, table, ['message']) }}::text as message
    from commits

)

{% endif %}

select * from final
