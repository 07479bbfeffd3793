{{ config(materialized='view') }}
with

blobs as (

    select * from {{ ref('int_git__blobs') }}

),

trees as (

    select * from {{ ref('int_git__trees') }}

),

tree_entries as (

    select * from {{ ref('int_git__tree_entries') }}

),

commits as (

    select * from {{ ref('int_git__commits') }}

),

-- encoded here and not kept: a second copy of all trees would cost more than to sort them again (by number, as a tree
-- is that of its first commit: sorting by SHA takes twice as long)
tree_contents as (

    select
        tree_sha,
        {{ git_tree_content("string_agg(" ~ git_tree_line('mode', 'path', 'object_sha') ~ ", '' order by path_no)") }}
            as content
    from tree_entries
    group by commit_no, tree_sha

),

distinct_trees as (

    select distinct
        tree_sha,
        size
    from trees

),

final as (

    select
        blob_sha as sha,
        'blob' as type,
        size,
        definition as content
    from blobs

    union all

    select
        distinct_trees.tree_sha as sha,
        'tree' as type,
        distinct_trees.size,
        coalesce(tree_contents.content, '') as content
    from distinct_trees
    left join tree_contents on distinct_trees.tree_sha = tree_contents.tree_sha

    union all

    select
        commit_sha as sha,
        'commit' as type,
        size,
        content
    from commits

)

select * from final
