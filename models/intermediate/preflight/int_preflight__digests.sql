with

final as (

    {{ preflight_digests() }}

)

select * from final
