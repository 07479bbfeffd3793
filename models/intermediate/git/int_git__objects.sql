with

blobs as (

    select * from {{ ref('int_git__blobs') }}

),

trees as (

    select * from {{ ref('int_git__trees') }}

),

commits as (

    select * from {{ ref('int_git__commits') }}

),

distinct_trees as (

    select min(commit_no) as commit_no
    from trees
    group by tree_sha

),

final as (

    select
        blob_sha as sha,
        'blob' as type,
        size as size,
        definition as content
    from blobs

    union all

    select
        trees.tree_sha as sha,
        'tree' as type,
        trees.size as size,
        trees.content as content
    from distinct_trees
    inner join trees on distinct_trees.commit_no = trees.commit_no

    union all

    select
        commit_sha as sha,
        'commit' as type,
        size as size,
        content as content
    from commits

)

select * from final
