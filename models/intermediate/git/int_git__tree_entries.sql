with

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

trees as (

    select * from {{ ref('int_git__trees') }}

),

path_versions as (

    select * from {{ ref('int_git__path_versions') }}

),

-- one tree may belong to several commits
tree_commits as (

    select
        tree_sha,
        min(commit_no) as commit_no
    from trees
    group by tree_sha

),

positions as (

    select distinct
        tree_commits.tree_sha,
        event_commits.branch_name,
        event_commits.chain_position
    from tree_commits
    inner join event_commits on tree_commits.commit_no = event_commits.commit_no

),

entries as (

    select
        *,
        generate_series(first_position, last_position) as chain_position
    from path_versions

),

final as (

    select
        positions.tree_sha as tree_sha,
        entries.path as path,
        entries.mode as mode,
        entries.blob_sha as object_sha
    from positions
    inner join entries
        on positions.branch_name = entries.branch_name
        and positions.chain_position = entries.chain_position

)

select * from final
