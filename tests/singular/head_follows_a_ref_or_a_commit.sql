-- One HEAD, and what it names exists.
with

head as (

    select * from {{ ref('pggit_v0__head') }}

),

refs as (

    select * from {{ ref('pggit_v0__refs') }}

),

commits as (

    select * from {{ ref('pggit_v0__commit_graph') }}

),

resolved as (

    select
        count(head.id) as heads,
        count(head.ref_name) + count(head.direct_sha) as named,
        count(refs.name) + count(commits.commit_sha) as targets
    from head
    left join refs on head.ref_name = refs.name
    left join commits on head.direct_sha = commits.commit_sha

),

final as (

    select * from resolved
    where
        exists (select from commits)
        and (heads <> 1 or targets < 1 or targets < named)

)

select * from final
