with

object_versions as (

    select * from {{ ref('object_versions') }}
    where is_current

),

changes as (

    select
        change_id,
        fidelity,
        verified,
        {{ audit_branch_of('changes', ref('branch_tips')) }} as branch_name
    from {{ ref('changes') }} as changes

),

final as (

    select
        changes.branch_name,
        object_versions.object_schema,
        object_versions.object_name,
        object_versions.object_type,
        object_versions.object_identity,
        object_versions.version_number,
        object_versions.definition,
        object_versions.author as last_author,
        object_versions.created_at as last_changed_at,
        changes.fidelity,
        changes.verified,
        object_versions.commit_sha,
        object_versions.change_id,
        object_versions.object_id
    from object_versions
    inner join changes on object_versions.change_id = changes.change_id

)

select * from final
