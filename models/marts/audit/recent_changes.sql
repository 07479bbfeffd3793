with

changes as (

    select * from {{ ref('changes') }}

),

final as (

    select
        committed_at as committed_at,
        author as author,
        object_schema as object_schema,
        object_name as object_name,
        object_type as object_type,
        object_identity as object_identity,
        change_type as change_type,
        change_severity as change_severity,
        commit_message as commit_message,
        branch_name as branch_name,
        commit_sha as commit_sha,
        verified as verified,
        fidelity as fidelity,
        event_no as event_no,
        change_id as change_id
    from changes
    where committed_at >= localtimestamp - make_interval(days => {{ var('recent_days') | int }})

)

select * from final
