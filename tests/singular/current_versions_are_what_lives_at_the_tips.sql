with

branch_tips as (

    select * from {{ ref('branch_tips') }}

),

tree_entries as (

    select * from {{ ref('stg_pggit_v0__tree_entries') }}

),

blobs as (

    select * from {{ ref('stg_pggit_v0__blobs') }}

),

changes as (

    select
        change_id,
        object_identity,
        {{ audit_branch_of('changes', ref('branch_tips')) }} as branch_name
    from {{ ref('changes') }} as changes

),

versions as (

    select
        changes.branch_name,
        changes.object_identity,
        object_versions.definition,
        object_versions.is_current,
        object_versions.version_number = max(object_versions.version_number) over (
            partition by changes.branch_name, changes.object_identity, object_versions.definition
        ) as is_latest
    from {{ ref('object_versions') }} as object_versions
    inner join changes on object_versions.change_id = changes.change_id

),

current_versions as (

    select
        branch_name,
        object_identity,
        count(*) as versions,
        min(definition) as definition,
        bool_and(is_latest) as is_latest
    from versions
    where is_current
    group by branch_name, object_identity

),

changed_here as (

    select distinct
        branch_name,
        object_identity
    from changes

),

living as (

    select
        branch_tips.branch_name,
        tree_entries.path as object_identity,
        blobs.definition
    from branch_tips
    inner join tree_entries on branch_tips.tree_sha = tree_entries.tree_sha
    inner join blobs on tree_entries.object_sha = blobs.blob_sha
    inner join changed_here
        on branch_tips.branch_name = changed_here.branch_name
        and tree_entries.path = changed_here.object_identity

)

select
    coalesce(living.branch_name, current_versions.branch_name) as branch_name,
    coalesce(living.object_identity, current_versions.object_identity) as object_identity,
    current_versions.versions,
    current_versions.is_latest
from living
full join current_versions
    on living.branch_name = current_versions.branch_name
    and living.object_identity = current_versions.object_identity
where
    current_versions.versions is distinct from 1
    or not current_versions.is_latest
    or living.definition is distinct from current_versions.definition
