{{ config(group="schema_history") }}
with

notes as (

    select
        *,
        xmin::text::bigint as writer
    from {{ ref('own_transactions') }}

),

seals as (

    select
        *,
        lag(seal_no, 1, 0::bigint) over (order by seal_no) as earlier_seal_no,
        lag(sealed_at) over (order by seal_no) as earlier_sealed_at,
        lag(digest, 1, {{ audit_first_hash() }}) over (order by seal_no) as earlier_digest
    from {{ ref('own_transaction_seals') }}

),

sealed as (

    select
        seals.seal_no,
        covered.transaction_id
    from seals
    cross join lateral unnest(seals.transaction_ids) as covered (transaction_id)

),

-- a copy that was restored has them all written by other transactions
known as (

    select
        notes.writer,
        notes.writer = notes.transaction_id % 4294967296 as is_its_own
    from notes
    where
        not exists (select from sealed)
        or exists (select from sealed where sealed.transaction_id = notes.transaction_id)

),

entries as (

    select
        verified_at,
        xmin::text::bigint as writer
    from {{ ref('compliance_log') }}
    where session_role is not null

),

faults as (

    select
        'seal ' || seals.seal_no as what,
        'it is not the one that was written, or a note that it covers was changed or is lost' as problem
    from seals
    where seals.digest is distinct from {{ seal_digest('seals', ref('own_transactions')) }}

    union all

    select
        'seal ' || seal_no,
        'it does not follow the one before'
    from seals
    where
        seal_no <> earlier_seal_no + 1
        or sealed_at < earlier_sealed_at
        or previous_digest is distinct from earlier_digest

    union all

    select
        'transaction ' || transaction_id,
        'it is covered by two seals'
    from sealed
    group by transaction_id
    having count(*) > 1

    union all

    select
        'transaction ' || coalesce(notes.transaction_id, seals.transaction_id),
        'a seal is lost, or the note of who wrote it'
    from seals
    full outer join (select * from notes where purpose = 'seal') as notes on seals.transaction_id = notes.transaction_id
    where seals.transaction_id is null or notes.transaction_id is null

    union all

    -- What no seal covers yet was written by the transaction that it names, or by a restore; a verification within another
    -- transaction has the id of a part of it, as the entry of the log has that it noted.
    select
        'transaction ' || notes.transaction_id,
        'it did not write its note itself'
    from notes
    where
        not exists (select from sealed where sealed.transaction_id = notes.transaction_id)
        and notes.writer <> notes.transaction_id % 4294967296
        and not (
            notes.purpose = 'verification'
            and exists (
                select from entries
                where entries.writer = notes.writer and {{ is_same_moment('entries.verified_at', 'notes.began_at') }}
            )
        )
        and not (
            not exists (select from known where known.is_its_own)
            and exists (select from known where known.writer = notes.writer)
        )

    union all

    select
        'an entry of the compliance log of ' || entries.verified_at,
        'the note of its transaction is lost'
    from entries
    where
        entries.verified_at > (select max(sealed_at) from seals)
        and not exists (
            select from notes
            where {{ is_same_moment('entries.verified_at', 'notes.began_at') }}
        )

    union all

    -- cut off with its anchor, it leaves this
    select
        'a verification of ' || notes.began_at,
        'the compliance log has no entry of it'
    from notes
    where
        notes.purpose = 'verification'
        and not exists (
            select from {{ ref('compliance_log') }} as judged
            where {{ is_same_moment('judged.verified_at', 'notes.began_at') }}
        )
        -- an anchor of it points at nothing
        and not exists (
            select from {{ ref('compliance_anchors') }} as anchors
            where {{ is_same_moment('anchors.anchored_at', 'notes.began_at') }}
        )

)

select * from faults
