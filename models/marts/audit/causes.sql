with

changes as (

    select * from {{ ref('changes') }}

),

repairs as (

    select * from {{ ref('repairs') }}
    where cause_id is not null

),

history as (

    select * from {{ ref('stg_pggit__history') }}

),

judgements as (

    {{ judged_causes(ref('compliance_log')) }}

),

-- what rests on a step comes with its own change; the root of it is the first that has a statement
roots as (

    select distinct on (repairs.cause_id)
        repairs.cause_id,
        repairs.rule,
        repairs.statement,
        repairs.evidence,
        repairs.v1_version_id,
        changes.branch_name,
        changes.object_type,
        changes.object_identity,
        changes.old_definition,
        changes.new_definition
    from repairs
    inner join changes on repairs.change_id = changes.change_id
    order by
        repairs.cause_id,
        repairs.rule in ('rests_on_inferred', 'in_doubt'),
        changes.origin <> 'inferred',
        changes.event_no,
        repairs.step_no

),

resting as (

    select
        repairs.cause_id,
        count(distinct changes.change_id) as changes,
        count(distinct changes.change_id) filter (where not changes.verified) as changes_waiting,
        count(distinct changes.v1_version_id) as v1_rows,
        count(distinct changes.object_id) as objects,
        min(changes.event_no) as first_event_no
    from repairs
    inner join changes on repairs.change_id = changes.change_id
    group by repairs.cause_id

),

intervals as (

    select
        cause_id,
        bool_and(not_before_version_id is not null) as begins,
        bool_and(not_after_version_id is not null) as ends,
        min(not_before_version_id) as not_before_version_id,
        max(not_after_version_id) as not_after_version_id,
        min(not_before) as not_before,
        max(not_after) as not_after
    from repairs
    where rule not in ('rests_on_inferred', 'in_doubt')
    group by cause_id

),

final as (

    select
        roots.cause_id,
        roots.rule,
        roots.object_type,
        roots.object_identity,
        roots.statement,
        roots.evidence,
        case when intervals.begins then intervals.not_before_version_id end as not_before_version_id,
        case when intervals.ends then intervals.not_after_version_id end as not_after_version_id,
        case when intervals.begins then intervals.not_before end as not_before,
        case when intervals.ends then intervals.not_after end as not_after,
        resting.changes,
        resting.changes_waiting,
        resting.v1_rows,
        resting.objects,
        judgements.judged_by,
        judgements.judged_at,
        {{ what_to_look_at('roots') }}
        || case
            when resting.objects > 1
                then ' All of it: select * from {{ ref('repairs').include(database=false) }} where cause_id = '
                    || quote_literal(roots.cause_id) || ';'
            else ''
        end as what_to_look_at,
        roots.v1_version_id,
        history.change_sql as recorded_sql,
        coalesce(roots.new_definition, roots.old_definition) as rebuilt_definition,
        resting.first_event_no
    from roots
    inner join resting on roots.cause_id = resting.cause_id
    left join intervals on roots.cause_id = intervals.cause_id
    left join judgements on roots.cause_id = judgements.cause_id
    left join history on roots.v1_version_id = history.version_id

)

select * from final
