-- depends_on: {{ ref('pggit_v0__commit_graph') }}
with

new_changes as (

    select * from {{ ref('int_changes') }}

),

final as (

    select
        new_changes.change_id as change_id,
        steps.step_no::integer as step_no,
        coalesce(new_changes.v1_version_id, new_changes.anchor_version_id) as v1_version_id,
        steps.step ->> 'rule' as rule,
        steps.step ->> 'statement' as statement,
        steps.step ->> 'evidence' as evidence
    from new_changes
    cross join lateral jsonb_array_elements(new_changes.repairs) with ordinality as steps (step, step_no)

)

select * from final
