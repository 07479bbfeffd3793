with

changes as (

    select * from {{ ref('changes') }}

),

compliance_log as (

    select * from {{ ref('compliance_log') }}

),

final as (

    select
        changes.event_no,
        changes.object_schema,
        changes.object_name,
        changes.object_type,
        changes.object_identity,
        changes.change_type,
        changes.change_severity,
        changes.author,
        changes.committed_at,
        changes.fidelity,
        last_entry.verification_status as last_status,
        last_entry.verification_notes as last_notes,
        last_entry.verified_by as last_verified_by,
        last_entry.verified_at as last_verified_at,
        changes.old_definition,
        changes.new_definition,
        changes.change_id
    from changes
    left join lateral (
        select *
        from compliance_log
        where compliance_log.change_id = changes.change_id
        order by compliance_log.entry_no desc
        limit 1
    ) as last_entry on true
    where not changes.verified

)

select * from final
