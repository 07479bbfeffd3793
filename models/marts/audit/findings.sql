-- depends_on: {{ ref('pggit_v0__commit_graph') }}
with

new_changes as (

    select * from {{ ref('int_changes') }}

),

final as (

    select
        new_changes.change_id,
        notes.note_no::integer as finding_no,
        coalesce(new_changes.v1_version_id, new_changes.anchor_version_id) as v1_version_id,
        notes.note ->> 'code' as code,
        notes.note ->> 'message' as message
    from new_changes
    cross join lateral jsonb_array_elements(new_changes.findings) with ordinality as notes (note, note_no)

)

select * from final
