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
    -- as the table's key orders them, so that it grows at its end; paths are numbered by the database's collation
    order by tree_sha collate "C", path_no

)

select * from final
