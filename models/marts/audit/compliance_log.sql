with

logged as (

    select change_id from {{ published('compliance_log') }} as compliance_log

),

changes as (

    select * from {{ ref('changes') }} as published_changes
    where not exists (
        select from logged
        where logged.change_id = published_changes.change_id
    )

),

repairs as (

    select * from {{ ref('repairs') }}

),

evidence as (

    {{ audit_evidence_digests('changes', ref('repairs'), ref('findings')) }}

),

rules as (

    select
        change_id,
        count(*) as steps,
        string_agg(distinct rule, ', ' order by rule) as rule_names
    from repairs
    group by change_id

),

final as (

    select
        md5('dbt build:' || changes.change_id)::uuid as log_id,
        changes.change_id as change_id,
        'dbt build' as verified_by,
        case changes.fidelity when 'exact' then 'PASSED' else 'PENDING' end as verification_status,
        case
            when changes.fidelity = 'exact' and changes.origin = 'v0'
                then 'Read from the trees of the commit and its first parent.'
            when changes.fidelity = 'exact'
                then 'Replayed as it was written, in agreement with every recorded fact.'
            when changes.fidelity = 'repaired'
                then 'For a person to judge: rebuilt after '
                || coalesce(rules.steps, 0) || ' inferred step(s)'
                || coalesce(' (' || rules.rule_names || ')', '') || ', listed in repairs.'
            when changes.fidelity = 'static'
                then 'For a person to judge: the statement could not run, so the definition is its own text.'
            else 'For a person to judge: what this change did could not be told.'
        end || ' Digest of its evidence: ' || evidence.digest || '.' as verification_notes
    from changes
    left join rules on changes.change_id = rules.change_id
    inner join evidence on changes.change_id = evidence.change_id
    order by changes.event_no

)

select * from final
