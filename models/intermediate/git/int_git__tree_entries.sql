{{ config(materialized='view') }}
with

trees as (

    select * from {{ ref('int_git__trees') }}

),

path_versions as (

    select * from {{ ref('int_git__path_versions') }}

),

-- one tree may belong to several commits
distinct_trees as (

    select
        tree_sha,
        min(commit_no) as commit_no
    from trees
    group by tree_sha

),

entries as (

    select
        generate_series(first_commit_no, last_commit_no) as commit_no,
        path_no,
        path,
        mode,
        blob_sha
    from path_versions

),

final as (

    select
        distinct_trees.tree_sha,
        distinct_trees.commit_no,
        entries.path_no,
        entries.path,
        entries.mode,
        entries.blob_sha as object_sha
    from entries
    inner join distinct_trees on entries.commit_no = distinct_trees.commit_no

)

select * from final
