with

changes as (

    select * from {{ ref('object_history') }}

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
        change_id as change_id,
        object_id as object_id,
        renamed_from as renamed_from
    from changes
    where
        change_type = 'DROP'
        -- v1 may call a rename MAJOR
        or (
            change_severity = 'MAJOR'
            and (
                renamed_from is null
                or {{ definition_without_name('old_definition', 'renamed_from') }}
                <> {{ definition_without_name('new_definition', 'object_identity') }}
            )
        )

)

select * from final
