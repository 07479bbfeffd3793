with

final as (

    select
        'int_preflight__checks' as table_name,
        {{ rows_digest(ref('int_preflight__checks')) }} as digest

    union all

    select
        'int_preflight__uses',
        {{ rows_digest(ref('int_preflight__uses')) }}

)

select * from final
