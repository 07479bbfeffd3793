with

changes as (

    select * from {{ ref('changes') }}

),

final as (

    select
        committed_at,
        author,
        object_schema,
        object_name,
        object_type,
        object_identity,
        change_type,
        change_severity,
        commit_message,
        branch_name,
        commit_sha,
        verified,
        fidelity,
        event_no,
        change_id
    from changes
    where committed_at >= localtimestamp - make_interval(days => {{ var('recent_days') | int }})

)

select * from final
