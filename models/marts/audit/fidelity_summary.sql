with

changes as (

    select * from {{ ref('changes') }}

),

repairs as (

    select distinct
        change_id,
        rule
    from {{ ref('repairs') }}

),

object_kinds as (

    select * from {{ ref('object_kinds') }}

),

of_type as (

    select
        object_type,
        count(*) as changes
    from changes
    group by object_type

),

final as (

    select
        changes.object_type,
        object_kinds.recorded_by_v1,
        changes.fidelity,
        repairs.rule,
        count(*) as changes,
        count(*) filter (where changes.origin = 'inferred') as inferred_changes,
        round(100.0 * count(*) / of_type.changes, 1)::numeric(5, 1) as percent_of_type
    from changes
    left join repairs on changes.change_id = repairs.change_id
    inner join of_type on changes.object_type is not distinct from of_type.object_type
    left join object_kinds on changes.object_type = object_kinds.object_kind
    group by changes.object_type, object_kinds.recorded_by_v1, changes.fidelity, repairs.rule, of_type.changes

)

select * from final
