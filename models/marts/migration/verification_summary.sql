with

checks as (

    select * from {{ ref('verification_checks') }}

),

final as (

    select
        check_no as check_no,
        check_name as check_name,
        description as description,
        expected as expected,
        found as found,
        ok as ok,
        last_event_no as last_event_no,
        now() as checked_at
    from checks

)

select * from final
