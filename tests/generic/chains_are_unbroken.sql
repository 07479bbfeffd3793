{#- Where no table of branches is named, v1 is asked for them at that moment. -#}
{% test chains_are_unbroken(model, commits, branches=none) %}

with recursive

changes as (

    select * from {{ with_published(model, 'changes', 'change_id') }} as changes
    where origin in ('v1', 'inferred')

),

branches as (

    {% if branches %}select * from {{ branches }}{% else %}{{ replay_branches() }}{% endif %}

),

tested_commits as (

    select distinct commit_sha from {{ model }}
    where origin in ('v1', 'inferred')

),

graph as (

    select commit_sha, parent_shas from {{ commits }}

    union

    select commit_sha, parent_shas from {{ ref('stg_pggit_v0__commits') }}

),

chain as (

    select
        branch_name,
        commit_sha,
        min(event_no) as first_event_no,
        max(event_no) as last_event_no,
        count(distinct coalesce(parent_commit_sha, '')) as parents,
        min(parent_commit_sha) as parent_commit_sha
    from changes
    group by branch_name, commit_sha

),

-- the branches that a chain may begin on, nearest first
ancestors as (

    select
        branch_name,
        parent_branch_name as ancestor_name,
        fork_version_id,
        1 as distance
    from branches
    where fork_version_id is not null

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

begins as (

    select
        branch_name,
        min(first_event_no) as event_no
    from chain
    group by branch_name

),

forks as (

    select distinct on (ancestors.branch_name)
        ancestors.branch_name,
        changes.commit_sha
    from ancestors
    inner join changes
        on ancestors.ancestor_name = changes.branch_name
        and ancestors.fork_version_id >= changes.v1_version_id
    -- a row that v1 committed late, when the branch was published, is no commit that it could begin on
    inner join begins
        on ancestors.branch_name = begins.branch_name
        and changes.event_no < begins.event_no
    order by ancestors.branch_name, ancestors.distance, changes.event_no desc

),

linked as (

    select
        chain.*,
        lag(chain.last_event_no) over in_order as previous_event_no,
        coalesce(lag(chain.commit_sha) over in_order, forks.commit_sha) as expected_parent_sha
    from chain
    left join forks on chain.branch_name = forks.branch_name
    window in_order as (partition by chain.branch_name order by chain.first_event_no)

)

select
    linked.*,
    graph.parent_shas
from linked
inner join tested_commits on linked.commit_sha = tested_commits.commit_sha
left join graph on linked.commit_sha = graph.commit_sha
where
    linked.parents > 1
    or linked.parent_commit_sha is distinct from linked.expected_parent_sha
    or linked.first_event_no <= linked.previous_event_no
    or graph.parent_shas is distinct from array_remove(array[linked.expected_parent_sha], null)

{% endtest %}
