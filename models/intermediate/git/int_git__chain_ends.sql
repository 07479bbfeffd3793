{{ config(materialized='view') }}
with

changes as (

    select * from {{ ref('changes') }}
    where origin in ('v1', 'inferred')

),

refs as (

    select * from {{ ref('stg_pggit_v0__refs') }}

),

ends as (

    select distinct on (branch_name)
        branch_name,
        commit_sha
    from changes
    order by branch_name, event_no desc

),

-- a branch that pggit_v0 went on with, or had before, keeps its ref
taken as (

    select
        ends.branch_name,
        refs.target_sha
    from ends
    inner join refs on refs.ref_name = 'refs/heads/' || ends.branch_name
    where not exists (
        select from changes
        where
            changes.branch_name = ends.branch_name
            and changes.commit_sha = refs.target_sha
    )

),

final as (

    select
        ends.branch_name,
        case
            when taken.branch_name is null then 'refs/heads/'
            else 'refs/heads/v1/'
        end || ends.branch_name as ref_name,
        ends.commit_sha
    from ends
    left join taken on ends.branch_name = taken.branch_name

)

select * from final
