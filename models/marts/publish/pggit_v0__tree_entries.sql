-- depends_on: {{ ref('pggit_v0__objects') }}
with

tree_entries as (

    select * from {{ ref('int_git__tree_entries') }}

),

final as (

    select
        tree_sha as tree_sha,
        path as path,
        mode as mode,
        object_sha as object_sha
    from tree_entries

)

select * from final
