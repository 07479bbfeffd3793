-- depends_on: {{ ref('pggit_v0__refs') }}
with

chain_ends as (

    select * from {{ ref('int_git__chain_ends') }}

),

final as (

    select
        1 as id,
        ref_name as ref_name,
        null::text as direct_sha
    from chain_ends
    order by branch_name = 'main' desc, branch_name
    limit 1

)

select * from final
