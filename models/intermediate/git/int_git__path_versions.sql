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

-- whose events a branch's trees are made of: its own, then those that it was forked from, up to the fork
lineages as (

    select
        branch_name,
        first_commit_no,
        last_commit_no,
        first_commit_no as source_first_no,
        last_commit_no as source_last_no,
        fork_commit_no,
        base_commit_sha
    from chains

    union all

    select
        lineages.branch_name,
        lineages.first_commit_no,
        lineages.last_commit_no,
        chains.first_commit_no as source_first_no,
        lineages.fork_commit_no as source_last_no,
        chains.fork_commit_no,
        chains.base_commit_sha
    from lineages
    inner join chains on lineages.fork_commit_no between chains.first_commit_no and chains.last_commit_no

),

states as (

    select
        lineages.branch_name,
        published_entries.path,
        lineages.first_commit_no - 1 as commit_no,
        0 as event_seq,
        published_entries.object_sha as blob_sha
    from lineages
    inner join published_commits on lineages.base_commit_sha = published_commits.commit_sha
    inner join published_entries on published_commits.tree_sha = published_entries.tree_sha

    union all

    -- what a branch was forked with counts as one state, just before its first commit
    select
        lineages.branch_name,
        event_commits.object_identity,
        case
            when event_commits.commit_no between lineages.first_commit_no and lineages.last_commit_no
                then event_commits.commit_no
            else lineages.first_commit_no - 1
        end,
        event_commits.event_seq,
        event_commits.blob_sha
    from lineages
    inner join event_commits
        on event_commits.commit_no between lineages.source_first_no and lineages.source_last_no

),

last_states as (

    select distinct on (branch_name, path, commit_no) *
    from states
    order by branch_name, path, commit_no, event_seq desc

),

intervals as (

    select
        last_states.branch_name,
        last_states.path,
        last_states.blob_sha,
        greatest(last_states.commit_no, chains.first_commit_no) as first_commit_no,
        coalesce(
            lead(last_states.commit_no) over (
                partition by last_states.branch_name, last_states.path order by last_states.commit_no
            ) - 1,
            chains.last_commit_no
        ) as last_commit_no
    from last_states
    inner join chains on last_states.branch_name = chains.branch_name

),

final as (

    select
        branch_name,
        path,
        -- trees are sorted once, here, by the database's collation; later sorts compare numbers
        dense_rank() over (order by path) as path_no,
        '100644' as mode,
        blob_sha,
        first_commit_no,
        last_commit_no
    from intervals
    where blob_sha is not null and first_commit_no <= last_commit_no

)

select * from final
