with

history as (

    select * from {{ ref('stg_pggit__history') }}

),

published_changes as (

    select * from {{ published('changes') }} as changes

),

final as (

    select distinct on (published_changes.branch_name, history.object_name)
        published_changes.branch_name,
        history.object_name as recorded_name,
        published_changes.object_schema,
        published_changes.object_name
    from published_changes
    inner join history on published_changes.v1_version_id = history.version_id
    where history.object_type in ('FUNCTION', 'PROCEDURE')
    order by published_changes.branch_name, history.object_name, published_changes.event_no desc

)

select * from final
