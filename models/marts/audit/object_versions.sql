-- depends_on: {{ ref('branch_tips') }}
-- depends_on: {{ ref('stg_pggit_v0__tree_entries') }}
-- depends_on: {{ ref('stg_pggit_v0__blobs') }}
with

changes as (

    select * from {{ ref('changes') }}

),

final as (

    select
        md5('version:' || change_id)::uuid as version_id,
        object_schema,
        object_name,
        object_type,
        object_identity,
        row_number() over (partition by object_identity order by event_no) as version_number,
        v1_version,
        object_id,
        new_definition as definition,
        change_id,
        commit_sha,
        author,
        committed_at as created_at,
        false as is_current
    from changes
    where new_definition is not null

)

select * from final
order by object_identity, version_number
