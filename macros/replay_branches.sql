{#- Asked of v1 as it is: in a build, where its history has been read; in a test, where somebody may have changed it since. -#}
{% macro replay_branches() %}
with recursive

history as (

    select * from {{ ref('stg_pggit__history') }}

),

v1_branches as (

    select * from {{ ref('stg_pggit__branches') }}

),

used as (

    select
        history.branch_name,
        v1_branches.parent_branch_name,
        v1_branches.created_at,
        min(history.version_id) as first_version_id
    from history
    left join v1_branches on history.branch_name = v1_branches.branch_name
    group by history.branch_name, v1_branches.parent_branch_name, v1_branches.created_at

),

-- A branch holds what its parent held when it was created; where that time is unknown, when its own first row came.
-- A parent without rows by then held what it had from its own parent.
ancestors as (

    select
        branch_name,
        parent_branch_name as ancestor_name,
        created_at as left_at,
        first_version_id as left_before,
        1 as distance
    from used
    where parent_branch_name is not null

    union all

    select
        ancestors.branch_name,
        v1_branches.parent_branch_name,
        least(ancestors.left_at, v1_branches.created_at),
        least(ancestors.left_before, used.first_version_id),
        ancestors.distance + 1
    from ancestors
    inner join v1_branches on ancestors.ancestor_name = v1_branches.branch_name
    left join used on ancestors.ancestor_name = used.branch_name
    where
        v1_branches.parent_branch_name is not null
        -- should the parents go round in a circle
        and ancestors.distance < 100

),

shared as (

    select
        ancestors.branch_name,
        ancestors.ancestor_name,
        ancestors.distance,
        max(history.version_id) as last_version_id
    from ancestors
    inner join history
        on ancestors.ancestor_name = history.branch_name
        and ancestors.branch_name <> history.branch_name
        and ancestors.left_before > history.version_id
        and (ancestors.left_at is null or history.created_at is null or ancestors.left_at >= history.created_at)
    group by ancestors.branch_name, ancestors.ancestor_name, ancestors.distance

),

forks as (

    select distinct on (branch_name)
        branch_name,
        ancestor_name,
        last_version_id as fork_version_id
    from shared
    order by branch_name, distance

),

final as (

    select
        used.branch_name,
        coalesce(forks.ancestor_name, used.parent_branch_name) as parent_branch_name,
        forks.fork_version_id
    from used
    left join forks on used.branch_name = forks.branch_name

)

select * from final
{% endmacro %}
