with

changes as (

    select * from {{ ref('changes') }}

),

repairs as (

    select
        change_id,
        count(*) as steps,
        string_agg(distinct rule, ', ' order by rule) as rules,
        max(not_before) as not_before,
        min(not_after) as not_after
    from {{ ref('repairs') }}
    group by change_id

),

findings as (

    select
        change_id,
        count(*) as findings,
        string_agg(code || ': ' || message, e'\n' order by finding_no) as messages
    from {{ ref('findings') }}
    group by change_id

),

ranked as (

    select
        row_number() over (
            order by
                array_position(array['unknown', 'static', 'repaired', 'exact'], changes.fidelity),
                coalesce(findings.findings, 0) desc,
                coalesce(repairs.steps, 0) desc,
                changes.event_no desc
        ) as rank,
        changes.event_no,
        changes.object_type,
        changes.object_identity,
        changes.change_type,
        changes.v1_version_id,
        changes.fidelity,
        coalesce(repairs.steps, 0) as repair_steps,
        repairs.rules,
        repairs.not_before,
        repairs.not_after,
        findings.messages,
        changes.old_definition,
        changes.new_definition,
        changes.change_id
    from changes
    left join repairs on changes.change_id = repairs.change_id
    left join findings on changes.change_id = findings.change_id
    where changes.fidelity <> 'exact'

),

final as (

    select
        rank,
        event_no,
        object_type,
        object_identity,
        change_type,
        v1_version_id,
        fidelity,
        repair_steps,
        rules,
        not_before,
        not_after,
        messages as findings,
        old_definition,
        new_definition,
        change_id
    from ranked
    where rank <= 20

)

select * from final
