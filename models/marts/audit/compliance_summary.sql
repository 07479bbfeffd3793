with

changes as (

    select * from {{ ref('changes') }}

),

compliance_log as (

    select * from {{ ref('compliance_log') }}

),

breaking_changes as (

    select change_id from {{ ref('breaking_changes') }}

),

last_entries as (

    select distinct on (change_id)
        change_id,
        verification_status
    from compliance_log
    order by change_id, entry_no desc

),

judged_changes as (

    select
        changes.*,
        last_entries.verification_status as last_status,
        breaking_changes.change_id is not null as is_breaking
    from changes
    left join breaking_changes on changes.change_id = breaking_changes.change_id
    left join last_entries on changes.change_id = last_entries.change_id

),

chain_end as (

    select
        entry_no,
        entry_hash
    from compliance_log
    order by entry_no desc
    limit 1

),

final as (

    select
        case when grouping(changes.object_type) = 1 then 'ALL' else changes.object_type end as object_type,
        count(*) as changes,
        count(*) filter (where changes.verified) as verified,
        count(*) filter (where changes.last_status = 'PENDING' and not changes.verified) as pending,
        count(*) filter (where changes.last_status = 'FAILED' and not changes.verified) as failed,
        count(*) filter (where changes.last_status is null) as not_logged,
        round(100.0 * count(*) filter (where changes.verified) / nullif(count(*), 0), 1)::numeric(5, 1) as verified_percent,
        count(*) filter (where changes.is_breaking) as breaking,
        count(*) filter (where changes.author is null) as without_author,
        count(*) filter (where changes.committed_at is null) as without_time,
        min(changes.committed_at) as first_committed_at,
        max(changes.committed_at) as last_committed_at,
        max(chain_end.entry_no) as last_entry_no,
        max(chain_end.entry_hash) as last_entry_hash
    from judged_changes as changes
    left join chain_end on true
    group by rollup (changes.object_type)

)

select * from final
