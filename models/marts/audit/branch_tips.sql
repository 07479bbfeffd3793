-- depends_on: {{ ref('pggit_v0__head') }}
with recursive

changes as (

    select * from {{ ref('changes') }}

),

refs as (

    select * from {{ ref('stg_pggit_v0__refs') }}
    where ref_type = 'branch'

),

head as (

    select * from {{ ref('stg_pggit_v0__head') }}

),

commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

-- back from the tip along first parents, until the history that came from v1
walk as (

    select
        refs.ref_name,
        refs.target_sha as commit_sha,
        exists (
            select from changes
            where changes.commit_sha = refs.target_sha and changes.backfilled_from_v1
        ) as is_from_v1
    from refs

    union all

    select
        walk.ref_name,
        commits.parent_shas[1],
        exists (
            select from changes
            where changes.commit_sha = commits.parent_shas[1] and changes.backfilled_from_v1
        )
    from walk
    inner join commits on walk.commit_sha = commits.commit_sha
    where not walk.is_from_v1 and commits.parent_shas[1] is not null

),

reached as (

    select ref_name
    from walk
    where is_from_v1

),

final as (

    select
        refs.ref_name,
        regexp_replace(refs.ref_name, '^refs/heads/', '') as branch_name,
        commits.commit_sha,
        commits.tree_sha,
        commits.committed_at,
        reached.ref_name is not null as continues_v1,
        head.ref_name is not null as is_head
    from refs
    inner join commits on refs.target_sha = commits.commit_sha
    left join reached on refs.ref_name = reached.ref_name
    left join head on refs.ref_name = head.ref_name

)

select * from final
