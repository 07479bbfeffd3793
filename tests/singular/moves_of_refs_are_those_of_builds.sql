-- depends_on: {{ ref('pggit_v0__refs') }}
{{ config(group="schema_history") }}
with

moves as (

    select
        *,
        lag(move_no, 1, 0::bigint) over (order by move_no) as earlier_move_no,
        lag(moved_at) over (order by move_no) as earlier_moved_at
    from {{ ref('ref_moves') }}

),

-- each commit that came from v1, with its branch and its place there
commits as (

    select
        branch_name,
        commit_sha,
        max(event_no) as event_no
    from {{ ref('changes') }}
    where origin in ('v1', 'inferred') and backfilled_from_v1
    group by branch_name, commit_sha

),

placed as (

    select
        moves.move_no,
        moves.ref_name,
        moves.target_sha,
        moves.earlier_move_no,
        moves.earlier_moved_at,
        moves.moved_at,
        commits.branch_name,
        commits.event_no,
        lag(commits.event_no) over (partition by moves.ref_name order by moves.move_no) as earlier_event_no
    from moves
    left join commits
        on moves.target_sha = commits.commit_sha
        and moves.ref_name in ('refs/heads/' || commits.branch_name, 'refs/heads/v1/' || commits.branch_name)

),

-- where a build left each chain; once pggit_v0 has gone on with a branch, that is in another ref
last_moves as (

    select distinct on (branch_name)
        branch_name,
        ref_name,
        target_sha
    from placed
    where branch_name is not null
    order by branch_name, move_no desc

),

ends as (

    select distinct on (branch_name)
        branch_name,
        commit_sha
    from commits
    order by branch_name, event_no desc

)

select
    move_no,
    ref_name,
    target_sha
from placed
where
    move_no <> earlier_move_no + 1
    or moved_at < earlier_moved_at
    -- no commit of that branch that a build made
    or event_no is null
    -- back, or nowhere
    or event_no <= earlier_event_no

union all

-- a chain whose end is not noted
select
    null,
    coalesce(last_moves.ref_name, 'refs/heads/' || ends.branch_name),
    ends.commit_sha
from ends
left join last_moves on ends.branch_name = last_moves.branch_name
where last_moves.target_sha is distinct from ends.commit_sha
