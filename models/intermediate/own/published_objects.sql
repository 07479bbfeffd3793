-- depends_on: {{ ref('pggit_v0__objects') }}
with

objects as (

    select * from {{ ref('stg_pggit_v0__objects') }}

),

new_objects as (

    select sha from {{ ref('int_git__objects') }}

),

final as (

    select
        objects.sha,
        objects.created_at
    from objects
    where
        exists (select from new_objects where new_objects.sha = objects.sha)
        -- when this table is made, what earlier builds stored is taken for granted, once
        or {{ not is_published('published_objects') }}

)

select * from final
