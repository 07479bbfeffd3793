-- depends_on: {{ ref('pggit_v0__refs') }}
with

chain_ends as (

    select * from {{ ref('int_git__chain_ends') }}

),

branches as (

    select * from {{ ref('int_replay__branches') }}

),

-- main, or where no branch is called so, the root
final as (

    select
        1 as id,
        chain_ends.ref_name,
        null::text as direct_sha
    from chain_ends
    left join branches on chain_ends.branch_name = branches.branch_name
    order by
        chain_ends.branch_name = 'main' desc,
        branches.parent_branch_name is null desc,
        chain_ends.branch_name
    limit 1

)

select * from final
