with

changes as (

    select * from {{ ref('object_history') }}

),

final as (

    select
        event_no,
        object_schema,
        object_name,
        object_type,
        object_identity,
        change_type,
        change_severity,
        author,
        committed_at,
        commit_message,
        branch_name,
        commit_sha,
        verified,
        fidelity,
        old_definition,
        new_definition,
        change_id,
        object_id,
        renamed_from
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
