with

changes as (

    select * from {{ ref('changes') }}

),

final as (

    select
        event_no as event_no,
        object_schema as object_schema,
        object_name as object_name,
        object_type as object_type,
        object_identity as object_identity,
        change_type as change_type,
        change_severity as change_severity,
        author as author,
        committed_at as committed_at,
        commit_message as commit_message,
        branch_name as branch_name,
        commit_sha as commit_sha,
        verified as verified,
        fidelity as fidelity,
        old_definition as old_definition,
        new_definition as new_definition,
        change_id as change_id
    from changes
    where change_severity = 'MAJOR' or change_type = 'DROP'

)

select * from final
