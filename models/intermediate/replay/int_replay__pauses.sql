with

pauses as (

    select * from {{ ref('stg_pggit__pauses') }}

),

published_changes as (

    select * from {{ published('changes') }} as changes
    where origin = 'v1'

),

-- at the end of a build its last commit is the live catalog: a pause before that casts no doubt any more
published_until as (

    select max(committed_at) as published_until
    from published_changes
    where committed_at <= localtimestamp

),

final as (

    select pauses.*
    from pauses
    cross join published_until
    where
        published_until.published_until is null
        or coalesce(pauses.ended_at, 'infinity') >= published_until.published_until

)

select * from final
