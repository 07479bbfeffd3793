with

history as (

    select * from {{ ref('stg_pggit__history') }}

),

branches as (

    select * from {{ ref('stg_pggit__branches') }}

),

used as (

    select
        branch_name,
        min(version_id) as first_version_id
    from history
    group by branch_name

),

parents as (

    select
        used.branch_name,
        used.first_version_id,
        branches.parent_branch_name,
        branches.created_at
    from used
    left join branches on used.branch_name = branches.branch_name

),

-- A branch holds what its parent held when it was created; where that time is unknown, when its own first row came.
forks as (

    select
        parents.branch_name,
        max(history.version_id) as fork_version_id
    from parents
    inner join history
        on parents.parent_branch_name = history.branch_name
        and parents.first_version_id > history.version_id
        and (parents.created_at is null or history.created_at is null or parents.created_at >= history.created_at)
    group by parents.branch_name

),

final as (

    select
        parents.branch_name as branch_name,
        parents.parent_branch_name as parent_branch_name,
        forks.fork_version_id as fork_version_id
    from parents
    left join forks on parents.branch_name = forks.branch_name

)

select * from final
