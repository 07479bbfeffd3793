with

uses as (

    select * from {{ ref('int_preflight__uses') }}

),

final as (

    select
        object_type,
        object,
        found_by,
        part,
        line,
        call,
        v1_call,
        class,
        rewritten,
        reason,
        note
    from uses

)

select * from final
