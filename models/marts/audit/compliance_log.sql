-- depends_on: {{ ref('compliance_anchors') }}
with

logged as (

    select
        change_id,
        v1_version_id
    from {{ published('compliance_log') }} as compliance_log

),

-- the source rows as they were when the build began
history_rows as (

    select * from {{ ref('int_replay__horizon') }}

),

excluded_history as (

    select * from {{ ref('excluded_history') }} as excluded_rows
    where not exists (
        select from logged
        where
            logged.v1_version_id = excluded_rows.v1_version_id
            and logged.change_id is null
    )

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

of_changes as (

    select
        md5('dbt build:' || changes.change_id)::uuid as log_id,
        changes.change_id,
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
        end || ' Digest of its evidence: ' || evidence.digest || '.' as verification_notes,
        changes.v1_version_id,
        history_rows.source_digest,
        changes.event_no as place
    from changes
    left join rules on changes.change_id = rules.change_id
    left join history_rows on changes.v1_version_id = history_rows.version_id
    inner join evidence on changes.change_id = evidence.change_id

),

of_excluded_rows as (

    select
        md5('dbt build:excluded:' || excluded_history.v1_version_id)::uuid as log_id,
        null::uuid as change_id,
        'dbt build' as verified_by,
        'PASSED' as verification_status,
        'Left out: ' || excluded_history.reason || '.' as verification_notes,
        excluded_history.v1_version_id,
        history_rows.source_digest,
        excluded_history.v1_version_id as place
    from excluded_history
    left join history_rows on excluded_history.v1_version_id = history_rows.version_id

),

entries as (

    select *, 1 as part from of_changes

    union all

    select *, 2 as part from of_excluded_rows

),

final as (

    select
        log_id,
        change_id,
        verified_by,
        verification_status,
        verification_notes,
        v1_version_id,
        source_digest
    from entries
    order by part, place

)

select * from final
