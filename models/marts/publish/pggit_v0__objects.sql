-- depends_on: {{ ref('int_changes') }}
-- depends_on: {{ ref('int_git__tree_entries') }}
-- depends_on: {{ ref('int_git__rebuilt_objects') }}
-- depends_on: {{ ref('int_replay__live_objects') }}
with

objects as (

    select * from {{ ref('int_git__objects') }}

),

final as (

    select
        sha,
        type,
        size,
        content
    from objects

)

select * from final
