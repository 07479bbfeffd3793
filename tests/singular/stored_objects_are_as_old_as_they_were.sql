{{ config(group="schema_history") }}
with

published_objects as (

    select * from {{ ref('published_objects') }}

),

objects as (

    select * from {{ source('pggit_v0', 'objects') }}

),

recovered_commits as (

    select distinct
        commits.commit_sha,
        commits.tree_sha
    from {{ ref('changes') }} as changes
    inner join {{ ref('stg_pggit_v0__commits') }} as commits on changes.commit_sha = commits.commit_sha
    where changes.backfilled_from_v1

),

stored as (

    select commit_sha as sha from recovered_commits

    union

    select tree_sha from recovered_commits

    union

    -- many trees hold the same objects: the trees are looked up, and each object is counted once before the union
    select distinct object_sha
    from {{ ref('stg_pggit_v0__tree_entries') }}
    where tree_sha in (select tree_sha from recovered_commits)

)

select
    published_objects.sha,
    published_objects.created_at,
    objects.created_at as created_at_in_pggit_v0
from published_objects
left join objects on published_objects.sha = objects.sha
where
    objects.sha is null
    or published_objects.created_at is distinct from objects.created_at::timestamp

union all

-- without its note, the time of an object would be anybody's
select
    stored.sha,
    null,
    objects.created_at
from stored
inner join objects on stored.sha = objects.sha
where not exists (select from published_objects where published_objects.sha = stored.sha)
