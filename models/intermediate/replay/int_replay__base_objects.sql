with

bases as (

    select * from {{ ref('int_replay__bases') }}

),

commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

tree_entries as (

    select * from {{ ref('stg_pggit_v0__tree_entries') }}

),

blobs as (

    select * from {{ ref('stg_pggit_v0__blobs') }}

),

published_changes as (

    select * from {{ published('changes') }} as changes

),

known_objects as (

    select distinct on (object_identity)
        object_identity,
        object_type,
        object_schema,
        object_name
    from published_changes
    order by object_identity, event_no desc

),

final as (

    select
        bases.branch_name,
        tree_entries.path as object_identity,
        known_objects.object_type,
        known_objects.object_schema,
        known_objects.object_name,
        blobs.definition
    from bases
    inner join commits on bases.commit_sha = commits.commit_sha
    inner join tree_entries on commits.tree_sha = tree_entries.tree_sha
    inner join blobs on tree_entries.object_sha = blobs.blob_sha
    left join known_objects on tree_entries.path = known_objects.object_identity

)

select * from final
