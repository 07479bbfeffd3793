with

verification_summary as (

    select * from {{ ref('verification_summary') }}

),

preflight_findings as (

    select * from {{ ref('preflight_findings') }}

),

changes as (

    select * from {{ ref('changes') }}

),

causes as (

    select * from {{ ref('causes') }}

),

excluded_history as (

    select * from {{ ref('excluded_history') }}

),

history as (

    select * from {{ ref('stg_pggit__history') }}

),

hidden_schemas as (

    select * from {{ ref('int_replay__hidden_schemas') }}

),

new_rows as (

    select count(*) as rows
    from history
    where
        ({{ is_own_of_a_build('history', 'select schema_name from hidden_schemas') }}) is not true
        and not exists (
            select from changes
            where changes.v1_version_id = history.version_id
        )
        and not exists (
            select from excluded_history
            where excluded_history.v1_version_id = history.version_id
        )

),

last_events as (

    select
        (select coalesce(max(event_no), 0) from changes) as changed,
        (select max(last_event_no) from verification_summary) as checked

),

in_findings as (

    select
        count(*) filter (where severity = 'blocker') as blockers,
        count(*) filter (where severity = 'warning') as warnings
    from preflight_findings

),

in_summary as (

    select
        count(*) filter (where ok) as checks_passed,
        count(*) as checks,
        max(checked_at) as checked_at
    from verification_summary

),

in_causes as (

    select count(*) as waiting
    from causes
    where changes_waiting > 0

),

reasons as (

    select
        1 as rank,
        'Check ' || check_name || ' fails: expected ' || expected || ', found ' || found || '.' as reason
    from verification_summary
    where ok is not true

    union all

    select
        2,
        object || ': ' || message
    from preflight_findings
    where severity = 'blocker'

    union all

    select
        3,
        rows || ' rows of the history came after the last build began: run dbt build again.'
    from new_rows
    where rows > 0

    union all

    -- a build whose gate failed leaves the checks of the build before
    select
        4,
        'The checks are older than the changes: run dbt build again, and look at the tests that fail.'
    from last_events
    where changed is distinct from checked

),

final as (

    select
        case when exists (select from reasons) then 'NO-GO' else 'GO' end as decision,
        (select string_agg(reason, e'\n' order by rank, reason) from reasons) as reasons,
        in_summary.checks_passed,
        in_summary.checks,
        in_findings.blockers,
        in_findings.warnings,
        in_causes.waiting as causes_to_judge,
        in_summary.checked_at
    from in_summary
    cross join in_findings
    cross join in_causes

)

select * from final
