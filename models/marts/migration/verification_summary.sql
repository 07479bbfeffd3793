with

checks as (

    select * from {{ ref('verification_checks') }}

),

final as (

    select
        check_no,
        check_name,
        description,
        expected,
        found,
        ok,
        last_event_no,
        now() as checked_at
    from checks

)

select * from final
