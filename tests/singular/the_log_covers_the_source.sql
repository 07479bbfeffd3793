with

compliance_log as (

    select * from {{ ref('compliance_log') }}
    where verified_by = 'dbt build'

),

changes as (

    select * from {{ ref('changes') }}
    where v1_version_id is not null

),

excluded_history as (

    select * from {{ ref('excluded_history') }}

),

history_rows as (

    {{ history_rows() }}

),

-- entries that are older than the column have no digest
first_digest as (

    select min(entry_no) as entry_no
    from compliance_log
    where source_digest is not null

),

logged as (

    select
        compliance_log.change_id,
        compliance_log.v1_version_id,
        compliance_log.source_digest,
        compliance_log.verification_notes,
        coalesce(compliance_log.entry_no < first_digest.entry_no, true) as is_older
    from compliance_log
    cross join first_digest

),

published as (

    select
        v1_version_id,
        change_id,
        null as notes
    from changes

    union all

    select
        v1_version_id,
        null,
        'Left out: ' || reason || '.'
    from excluded_history

),

-- what is published, with its entry, or without
covered as (

    select
        coalesce(published.v1_version_id, logged.v1_version_id) as v1_version_id,
        published.v1_version_id is not null as is_published,
        logged.v1_version_id is not null as is_logged,
        published.notes is null or published.notes = logged.verification_notes as is_the_reason,
        logged.source_digest
    from published
    full join (select * from logged where not is_older and v1_version_id is not null) as logged
        on published.v1_version_id = logged.v1_version_id
        and (published.change_id is not null) = (logged.change_id is not null)
    where
        published.change_id is null
        or not exists (
            select from logged as older
            where
                older.change_id = published.change_id
                and older.is_older
        )

)

select
    covered.v1_version_id,
    covered.is_published,
    covered.is_logged,
    covered.source_digest as logged_digest,
    history_rows.trail_digest as digest
from covered
left join history_rows on covered.v1_version_id = history_rows.trail_id
where
    not covered.is_published
    or not covered.is_logged
    or not covered.is_the_reason
    or covered.source_digest is distinct from history_rows.trail_digest
