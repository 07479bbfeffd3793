{%- set by_transaction = var('commit_granularity') == 'transaction' -%}

with

events as (

    select
        *,
        -- equality on it can be hashed, which IS NOT DISTINCT FROM cannot
        coalesce(anchor_version_id::text, 'reconciliation') as step_key
    from {{ ref('int_replay__events') }}
    where origin <> 'excluded'

),

-- a history row with what was inferred around it; the events without one are the reconciliation
steps as (

    select
        branch_name,
        step_key,
        anchor_version_id,
        min(event_seq) as first_event_seq,
        min(author) as author,
        min(committed_at) as committed_at
    from events
    group by branch_name, step_key, anchor_version_id

),

marked as (

    select
        *,
        {% if by_transaction -%}
        (
            anchor_version_id is not null
            and lag(anchor_version_id) over chain is not null
            and author is not distinct from lag(author) over chain
            and committed_at is not distinct from lag(committed_at) over chain
        ) as continues_commit
        {%- else -%}
        false as continues_commit
        {%- endif %}
    from steps
    window chain as (partition by branch_name order by first_event_seq)

),

positioned as (

    select
        *,
        count(*) filter (where not continues_commit) over chain as chain_position
    from marked
    window chain as (partition by branch_name order by first_event_seq)

),

branches as (

    select
        branch_name,
        min(first_event_seq) as first_event_seq
    from steps
    group by branch_name

),

-- branch by branch, so that a stretch of a chain is a range of numbers
commits as (

    select
        positioned.branch_name,
        positioned.chain_position,
        row_number() over (order by branches.first_event_seq, positioned.chain_position) as commit_no
    from positioned
    inner join branches on positioned.branch_name = branches.branch_name
    group by branches.first_event_seq, positioned.branch_name, positioned.chain_position

),

final as (

    select
        events.event_seq,
        commits.commit_no,
        events.branch_name,
        commits.chain_position,
        events.v1_version_id,
        events.anchor_version_id,
        events.object_identity,
        {{ git_sha("'blob'", 'events.new_definition') }} as blob_sha
    from events
    inner join positioned
        on events.branch_name = positioned.branch_name
        and events.step_key = positioned.step_key
    inner join commits
        on positioned.branch_name = commits.branch_name
        and positioned.chain_position = commits.chain_position

)

select * from final
