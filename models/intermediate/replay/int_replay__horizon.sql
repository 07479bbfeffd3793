with

history_rows as (

    {{ history_rows() }}

),

final as (

    select
        trail_id as version_id,
        trail_digest as source_digest
    from history_rows

)

select * from final
