with

entries as (
    select
        l.*,
        lag(l.entry_no, 1, 0::bigint) over (order by l.entry_no) as entry_no_before,
        lag(l.entry_hash, 1, {{ audit_first_hash() }}) over (order by l.entry_no) as hash_before
    from {{ ref('compliance_log').include(database=false) }} as l
)

select
    e.entry_no,
    e.log_id,
    p.problem
from entries as e
cross join lateral (
    values
    (
        e.entry_no <> e.entry_no_before + 1,
        'Entries ' || e.entry_no_before + 1 || ' to ' || e.entry_no - 1 || ' are missing.'
    ),
    (
        e.previous_hash is distinct from e.hash_before,
        'The entry before it is not the one that it was written after.'
    ),
    (
        e.entry_hash is distinct from {{ audit_entry_hash('e') }},
        'The entry was changed after it was written.'
    )
) as p (is_broken, problem)
where p.is_broken
order by e.entry_no
