{{ config(group="schema_history") }}
with

published_objects as (

    select * from {{ ref('published_objects') }}

),

objects as (

    select * from {{ source('pggit_v0', 'objects') }}

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
