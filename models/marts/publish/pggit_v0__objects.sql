-- depends_on: {{ ref('int_changes') }}
-- depends_on: {{ ref('int_git__tree_entries') }}
-- depends_on: {{ ref('int_replay__live_objects') }}
{%- do require_columns(source('pggit_v0', 'objects'), ['sha', 'type', 'size', 'content']) -%}
{%- do require_columns(source('pggit_v0', 'tree_entries'), ['tree_sha', 'path', 'mode', 'object_sha']) -%}
{%- do require_columns(source('pggit_v0', 'commit_graph'), [
    'commit_sha', 'parent_shas', 'tree_sha', 'generation', 'author', 'committer', 'authored_at', 'committed_at', 'message'
]) -%}
{%- do require_columns(source('pggit_v0', 'refs'), ['name', 'target_sha', 'type']) -%}
{%- do require_columns(source('pggit_v0', 'head'), ['id', 'ref_name', 'direct_sha']) %}

with

objects as (

    select * from {{ ref('int_git__objects') }}

),

final as (

    select
        sha as sha,
        type as type,
        size as size,
        content as content
    from objects

)

select * from final
