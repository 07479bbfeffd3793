{{ config(group="schema_history") }}
-- Where a check fails by now, the test of what it counts says so; where all hold, the figures are still those of the
-- build. Native commits and later verifications change those of three checks, which have to agree with the log as it
-- was then, or with themselves.
with

summary as (

    select * from {{ ref('verification_summary') }}

),

checks as (

    select * from {{ ref('verification_checks') }}

),

anchors as (

    select * from {{ ref('compliance_anchors') }}

),

compliance_log as (

    select * from {{ ref('compliance_log') }}

),

all_checks as (

    select bool_and(ok) as hold from checks

),

log_end as (

    select
        summary.expected as entries,
        anchors.anchored_at
    from summary
    left join anchors on summary.expected = anchors.entry_no
    where summary.check_name = 'log_chain'

),

-- transactions that filled the summary; builds of an earlier version noted none
filled as (

    select
        notes.began_at,
        sealed.seal_no,
        max(sealed.seal_no) over () as last_seal_no
    from {{ ref('own_transactions') }} as notes
    left join (
        select
            seals.seal_no,
            covered.transaction_id
        from {{ ref('own_transaction_seals') }} as seals
        cross join lateral unnest(seals.transaction_ids) as covered (transaction_id)
    ) as sealed on notes.transaction_id = sealed.transaction_id
    where notes.purpose = 'summary'

),

-- the last one; those of builds that were killed have no seal yet
made as (

    select array_agg(began_at) as times from filled
    where seal_no is null or seal_no = last_seal_no

),

passed as (

    select count(distinct compliance_log.change_id) as changes
    from compliance_log
    inner join log_end on compliance_log.entry_no <= log_end.entries
    where compliance_log.verification_status = 'PASSED'

),

judged as (

    select
        coalesce(summary.check_no, checks.check_no) as check_no,
        summary.expected,
        summary.found,
        case
            when summary.check_no is null then 'the summary has no such check'
            when checks.check_no is null then 'there is no such check'
            when count(*) over (partition by summary.check_no) > 1 then 'it is there twice'
            when
                coalesce(summary.check_name <> checks.check_name, true)
                or coalesce(summary.description <> checks.description, true)
                or (all_checks.hold and coalesce(summary.last_event_no <> checks.last_event_no, true))
                then 'it says of itself what is not so'
            when coalesce(summary.ok <> (summary.expected = summary.found), true)
                then 'its verdict is not that of its figures'
            when
                summary.check_name not in ('trees', 'verified', 'log_chain')
                and all_checks.hold
                and (
                    coalesce(summary.expected <> checks.expected, true)
                    or coalesce(summary.found <> checks.found, true)
                )
                then 'its figures are not those of the check'
            when
                summary.check_name = 'verified'
                and all_checks.hold
                and coalesce(summary.found <> passed.changes, true)
                then 'so many had not passed by then'
            when summary.check_name = 'log_chain' and all_checks.hold and log_end.entries > 0 and log_end.anchored_at is null
                then 'the log never ended there'
            when
                coalesce(summary.checked_at <> min(summary.checked_at) over (), true)
                or summary.checked_at < log_end.anchored_at or summary.checked_at > now()
                or not exists (
                    select from unnest(made.times) as times (began_at)
                    where {{ is_same_moment('summary.checked_at', 'times.began_at') }}
                ) and made.times is not null
                then 'it cannot have been made then'
        end as fault
    from summary
    full join checks on summary.check_no = checks.check_no
    cross join passed
    cross join all_checks
    left join log_end on true
    cross join made

)

select * from judged
where fault is not null
