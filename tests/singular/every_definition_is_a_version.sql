with

defining_changes as (

    select * from {{ ref('changes') }}
    where new_definition is not null

),

object_versions as (

    select * from {{ ref('object_versions') }}

)

select
    defining_changes.change_id,
    object_versions.version_id
from defining_changes
full join object_versions on defining_changes.change_id = object_versions.change_id
where
    defining_changes.change_id is null
    or object_versions.change_id is null
    or object_versions.version_id <> md5('version:' || object_versions.change_id)::uuid
    or (
        defining_changes.object_schema, defining_changes.object_name, defining_changes.object_type,
        defining_changes.object_identity, defining_changes.v1_version, defining_changes.object_id,
        defining_changes.new_definition, defining_changes.commit_sha, defining_changes.author,
        defining_changes.committed_at
    ) is distinct from (
        object_versions.object_schema, object_versions.object_name, object_versions.object_type,
        object_versions.object_identity, object_versions.v1_version, object_versions.object_id,
        object_versions.definition, object_versions.commit_sha, object_versions.author,
        object_versions.created_at
    )
