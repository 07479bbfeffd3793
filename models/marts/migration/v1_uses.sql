with

uses as (

    select * from {{ ref('int_preflight__uses') }}

),

final as (

    select
        object_type as object_type,
        object as object,
        found_by as found_by,
        part as part,
        line as line,
        call as call,
        v1_call as v1_call,
        class as class,
        rewritten as rewritten,
        reason as reason,
        note as note
    from uses

)

select * from final
