-- depends_on: {{ ref('pggit_v0__commit_graph') }}
with

new_changes as (

    select * from {{ ref('int_changes') }}

),

history as (

    select
        version_id,
        created_at
    from {{ ref('stg_pggit__history') }}

),

steps as (

    select
        new_changes.change_id,
        new_changes.branch_name,
        new_changes.object_identity,
        coalesce(new_changes.v1_version_id, new_changes.anchor_version_id) as v1_version_id,
        steps.step_no,
        steps.step,
        (steps.step ->> 'not_before')::bigint as not_before_version_id,
        (steps.step ->> 'not_after')::bigint as not_after_version_id,
        (steps.step ->> 'committed_at')::timestamp as committed_at
    from new_changes
    cross join lateral jsonb_array_elements(new_changes.repairs) with ordinality as steps (step, step_no)

),

final as (

    select
        steps.change_id,
        steps.step_no::integer as step_no,
        steps.v1_version_id,
        steps.step ->> 'rule' as rule,
        steps.step ->> 'statement' as statement,
        steps.step ->> 'evidence' as evidence,
        steps.not_before_version_id,
        steps.not_after_version_id,
        coalesce(steps.committed_at, rows_before.created_at) as not_before,
        coalesce(steps.committed_at, rows_after.created_at) as not_after,
        md5(
            steps.branch_name || ':' || coalesce(
                steps.step ->> 'cause',
                (steps.step ->> 'rule') || ':' || coalesce(nullif(steps.step ->> 'statement', ''), steps.object_identity)
            )
        )::uuid as cause_id
    from steps
    left join history as rows_before on steps.not_before_version_id = rows_before.version_id
    left join history as rows_after on steps.not_after_version_id = rows_after.version_id

)

select * from final
