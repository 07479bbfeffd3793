with recursive

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

branches as (

    select * from {{ ref('int_replay__branches') }}

),

published_changes as (

    select * from {{ published('changes') }} as changes
    where origin in ('v1', 'inferred')

),

chains as (

    select
        branch_name,
        min(commit_no) as first_commit_no,
        max(commit_no) as last_commit_no
    from event_commits
    group by branch_name

),

published_tips as (

    select distinct on (branch_name)
        branch_name,
        commit_sha
    from published_changes
    order by branch_name, event_no desc

),

-- the branches that a new chain may begin on, nearest first, each with the last history row that counts there
ancestors as (

    select
        chains.branch_name,
        branches.parent_branch_name as ancestor_name,
        branches.fork_version_id,
        1 as distance
    from chains
    inner join branches on chains.branch_name = branches.branch_name
    where branches.fork_version_id is not null

    union all

    select
        ancestors.branch_name,
        branches.parent_branch_name,
        least(ancestors.fork_version_id, branches.fork_version_id),
        ancestors.distance + 1
    from ancestors
    inner join branches on ancestors.ancestor_name = branches.branch_name
    where branches.fork_version_id is not null

),

-- in this build or a published one, the later first
fork_candidates as (

    select
        ancestors.branch_name,
        ancestors.distance,
        event_commits.commit_no,
        null::bigint as event_no,
        null::text as commit_sha
    from ancestors
    inner join event_commits
        on ancestors.ancestor_name = event_commits.branch_name
        and ancestors.fork_version_id >= event_commits.v1_version_id

    union all

    select
        ancestors.branch_name,
        ancestors.distance,
        null,
        published_changes.event_no,
        published_changes.commit_sha
    from ancestors
    inner join published_changes
        on ancestors.ancestor_name = published_changes.branch_name
        and ancestors.fork_version_id >= published_changes.v1_version_id

),

forks as (

    select distinct on (branch_name)
        branch_name,
        commit_no,
        commit_sha
    from fork_candidates
    order by branch_name, distance, commit_no desc nulls last, event_no desc

),

final as (

    select
        chains.branch_name,
        chains.first_commit_no,
        chains.last_commit_no,
        case when published_tips.commit_sha is null then forks.commit_no end as fork_commit_no,
        coalesce(published_tips.commit_sha, forks.commit_sha) as base_commit_sha
    from chains
    left join published_tips on chains.branch_name = published_tips.branch_name
    left join forks on chains.branch_name = forks.branch_name

)

select * from final
