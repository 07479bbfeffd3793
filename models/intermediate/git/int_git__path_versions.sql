{#- Validity intervals instead of commits times objects: this grows with the changes, not with the trees. -#}
with recursive

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

chains as (

    select * from {{ ref('int_git__chains') }}

),

published_commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

published_entries as (

    select * from {{ ref('stg_pggit_v0__tree_entries') }}

),

commit_branches as (

    select distinct
        commit_no,
        branch_name
    from event_commits

),

-- whose events a branch's trees are made of: its own, then those that it was forked from, up to the fork
lineages as (

    select
        branch_name,
        branch_name as source_branch_name,
        null::bigint as last_commit_no,
        fork_commit_no,
        base_commit_sha
    from chains

    union all

    select
        lineages.branch_name,
        chains.branch_name,
        lineages.fork_commit_no,
        chains.fork_commit_no,
        chains.base_commit_sha
    from lineages
    inner join commit_branches on lineages.fork_commit_no = commit_branches.commit_no
    inner join chains on commit_branches.branch_name = chains.branch_name

),

states as (

    select
        lineages.branch_name,
        published_entries.path,
        0 as chain_position,
        0 as event_seq,
        published_entries.object_sha as blob_sha
    from lineages
    inner join published_commits on lineages.base_commit_sha = published_commits.commit_sha
    inner join published_entries on published_commits.tree_sha = published_entries.tree_sha

    union all

    select
        lineages.branch_name,
        event_commits.object_identity,
        case when lineages.last_commit_no is null then event_commits.chain_position else 0 end,
        event_commits.event_seq,
        event_commits.blob_sha
    from lineages
    inner join event_commits
        on lineages.source_branch_name = event_commits.branch_name
        and event_commits.commit_no <= coalesce(lineages.last_commit_no, event_commits.commit_no)

),

last_states as (

    select distinct on (branch_name, path, chain_position) *
    from states
    order by branch_name, path, chain_position, event_seq desc

),

intervals as (

    select
        last_states.branch_name,
        last_states.path,
        last_states.blob_sha,
        greatest(last_states.chain_position, 1) as first_position,
        coalesce(
            lead(last_states.chain_position) over (
                partition by last_states.branch_name, last_states.path order by last_states.chain_position
            ) - 1,
            chains.commits
        ) as last_position
    from last_states
    inner join chains on last_states.branch_name = chains.branch_name

),

final as (

    select
        branch_name as branch_name,
        path as path,
        -- trees are sorted once, here, by the database's collation; later sorts compare numbers
        dense_rank() over (order by path) as path_no,
        '100644' as mode,
        blob_sha as blob_sha,
        first_position as first_position,
        last_position as last_position
    from intervals
    where blob_sha is not null and first_position <= last_position

)

select * from final
