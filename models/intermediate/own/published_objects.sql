-- depends_on: {{ ref('pggit_v0__objects') }}
with

objects as (

    select * from {{ ref('stg_pggit_v0__objects') }}

),

new_objects as (

    select sha from {{ ref('int_git__objects') }}

),

published as (

    select sha from {{ published('published_objects') }} as published_objects

),

final as (

    select
        objects.sha,
        objects.created_at
    from objects
    where
        exists (select from new_objects where new_objects.sha = objects.sha)
        -- the first time, what earlier builds stored is taken for granted
        or not exists (select from published)

)

select * from final
