-- depends_on: {{ ref('pggit_v0__objects') }}
with

tree_entries as (

    select * from {{ ref('int_git__tree_entries') }}

),

final as (

    select
        tree_sha,
        path,
        mode,
        object_sha
    from tree_entries
    -- tree by tree, so that the table's indexes grow at few places at a time
    order by commit_no, path_no

)

select * from final
