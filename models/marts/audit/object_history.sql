with

changes as (

    select * from {{ ref('changes') }}

),

object_versions as (

    select * from {{ ref('object_versions') }}

),

final as (

    select
        changes.object_schema as object_schema,
        changes.object_name as object_name,
        changes.object_type as object_type,
        changes.object_identity as object_identity,
        object_versions.version_number as version_number,
        changes.v1_version as v1_version,
        changes.v1_version_string as v1_version_string,
        changes.event_no as event_no,
        changes.branch_name as branch_name,
        changes.change_type as change_type,
        changes.change_severity as change_severity,
        changes.author as author,
        changes.committed_at as committed_at,
        changes.commit_message as commit_message,
        changes.commit_sha as commit_sha,
        changes.origin as origin,
        changes.fidelity as fidelity,
        changes.verified as verified,
        changes.old_definition as old_definition,
        changes.new_definition as new_definition,
        coalesce(object_versions.is_current, false) as is_current,
        changes.change_id as change_id
    from changes
    left join object_versions on changes.change_id = object_versions.change_id

)

select * from final
