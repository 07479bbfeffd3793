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

excluded_history as (

    select * from {{ ref('excluded_history') }}

),

history as (

    select * from {{ ref('stg_pggit__history') }}

),

new_rows as (

    select count(*) as rows
    from history
    where
        not exists (
            select from changes
            where changes.v1_version_id = history.version_id
        )
        and not exists (
            select from excluded_history
            where excluded_history.v1_version_id = history.version_id
        )

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
        rows || ' rows of the history came after the last build: run dbt build again.'
    from new_rows
    where rows > 0

    union all

    -- a build whose gate failed leaves the checks of the build before
    select
        4,
        'The checks are older than the changes: run dbt build again, and look at the tests that fail.'
    where (select max(event_no) from changes) is distinct from (select max(last_event_no) from verification_summary)

),

final as (

    select
        case when exists (select from reasons) then 'NO-GO' else 'GO' end as decision,
        (select string_agg(reason, e'\n' order by rank, reason) from reasons) as reasons,
        (select count(*) from verification_summary where ok) as checks_passed,
        (select count(*) from verification_summary) as checks,
        (select count(*) from preflight_findings where severity = 'blocker') as blockers,
        (select count(*) from preflight_findings where severity = 'warning') as warnings,
        (select max(checked_at) from verification_summary) as checked_at

)

select * from final
