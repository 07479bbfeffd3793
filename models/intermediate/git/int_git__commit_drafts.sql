{{ config(indexes=[{'columns': ['parent_key']}]) }}
with

events as (

    select * from {{ ref('int_replay__events') }}

),

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

chains as (

    select * from {{ ref('int_git__chains') }}

),

trees as (

    select * from {{ ref('int_git__trees') }}

),

commits as (

    select
        event_commits.commit_no,
        event_commits.branch_name,
        event_commits.chain_position,
        min(events.author) as author,
        min(events.committed_at) as committed_at,
        -- a history row speaks for what was inferred around it; the reconciliation has no row and speaks once
        coalesce(
            string_agg(messages.message, e'\n' order by events.event_seq) filter (where events.origin = 'v1'),
            min(messages.message)
        ) as message
    from event_commits
    inner join events on event_commits.event_seq = events.event_seq
    cross join lateral (
        select
            coalesce(
                events.commit_message,
                events.change_type || ' ' || events.object_type || ' ' || events.object_identity
            ) as message
    ) as messages
    group by event_commits.commit_no, event_commits.branch_name, event_commits.chain_position

),

final as (

    select
        commits.commit_no,
        commits.branch_name,
        commits.chain_position,
        -- which commit comes before: one of this build by number, a published one by SHA, or none
        case
            when commits.chain_position > 1
                then lag(commits.commit_no) over (partition by commits.branch_name order by commits.chain_position)::text
            when chains.fork_commit_no is not null then chains.fork_commit_no::text
            else coalesce(chains.base_commit_sha, 'root')
        end as parent_key,
        trees.tree_sha,
        {{ git_who('commits.author') }} as author,
        {{ git_moment('commits.committed_at') }} as committed_at,
        commits.message
    from commits
    inner join chains on commits.branch_name = chains.branch_name
    inner join trees on commits.commit_no = trees.commit_no

)

select * from final
