with

history as (

    select * from {{ ref('stg_pggit__history') }}

),

final as (

    select
        facts.dimension,
        facts.value,
        count(*) as rows,
        min(history.created_at) as first_at,
        max(history.created_at) as last_at
    from history
    cross join lateral (
        values
        ('kind', history.object_type),
        ('month', to_char(history.created_at, 'YYYY-MM')),
        ('author', history.author),
        ('branch', history.branch_name)
    ) as facts (dimension, value)
    group by facts.dimension, facts.value

)

select * from final
order by dimension, value
