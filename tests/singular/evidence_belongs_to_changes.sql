with

changes as (

    select * from {{ ref('changes') }}

),

evidence as (

    select
        change_id,
        v1_version_id
    from {{ ref('repairs') }}

    union all

    select
        change_id,
        v1_version_id
    from {{ ref('findings') }}

),

carriers as (

    select
        commit_sha,
        v1_version_id
    from changes
    where v1_version_id is not null

)

select evidence.*
from evidence
left join changes on evidence.change_id = changes.change_id
where
    changes.change_id is null
    or (changes.origin = 'v1' and evidence.v1_version_id is distinct from changes.v1_version_id)
    or (
        changes.origin = 'inferred'
        and evidence.v1_version_id is not null
        and not exists (
            select from carriers
            where
                carriers.commit_sha = changes.commit_sha
                and carriers.v1_version_id = evidence.v1_version_id
        )
    )
