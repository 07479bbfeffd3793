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
        lag(digest, 1, {{ audit_first_hash() }}) over (order by seal_no) as earlier_digest,
        coalesce(lag(last_move_no) over (order by seal_no), 0) as earlier_move_no,
        coalesce(lag(last_anchor_no) over (order by seal_no), 0) as earlier_anchor_no
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

-- the builds' notes but for those of transactions are covered since
covers as (

    select
        max(last_move_no) as last_move_no,
        max(last_anchor_no) as last_anchor_no,
        max(sealed_at) as sealed_at
    from seals
    where table_names is not null

),

anchors as (

    select * from {{ ref('compliance_anchors') }}

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
    where
        seals.digest is distinct from {{ seal_digest(
            'seals', ref('own_transactions'), ref('ref_moves'), ref('compliance_anchors'), ref('published_tables')
        ) }}

    union all

    select
        'seal ' || seal_no,
        'it does not follow the one before'
    from seals
    where
        seal_no <> earlier_seal_no + 1
        or sealed_at < earlier_sealed_at
        or previous_digest is distinct from earlier_digest
        or last_move_no < earlier_move_no
        or last_anchor_no < earlier_anchor_no

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
            select from anchors
            where {{ is_same_moment('anchors.anchored_at', 'notes.began_at') }}
        )

    union all

    -- what made the table of notes is noted in it
    select
        'own_transactions',
        'all notes are lost'
    where not exists (select from notes)

    union all

    select
        'anchor ' || anchors.entry_no,
        'the seal is lost that was the last one then'
    from anchors
    where
        anchors.last_seal_no > 0
        and not exists (
            select from seals
            where seals.seal_no = anchors.last_seal_no and seals.digest = anchors.last_seal_digest
        )

    union all

    -- gone together with the seal that covered it, where there is no later one
    select
        'anchor ' || anchors.entry_no,
        'the note of the transaction is lost that wrote it'
    from anchors
    where
        anchors.last_seal_no is not null
        and not exists (
            select from notes
            where {{ is_same_moment('anchors.anchored_at', 'notes.began_at') }}
        )

    union all

    -- What no seal covers yet says when by what was written with it.
    select
        'anchor ' || anchors.entry_no,
        'it was not set when its entry was written'
    from anchors
    inner join {{ ref('compliance_log') }} as judged on anchors.entry_no = judged.entry_no
    where
        anchors.last_seal_no is not null
        and anchors.anchored_at <> judged.verified_at

    union all

    select
        'move ' || moves.move_no,
        'it is said to be older than a seal that does not cover it'
    from {{ ref('ref_moves') }} as moves
    inner join covers on moves.move_no > coalesce(covers.last_move_no, 0) and moves.moved_at < covers.sealed_at

    union all

    select
        'the note of table ' || tables.table_name,
        'no build wrote it'
    from {{ ref('published_tables') }} as tables
    where
        exists (select from covers where covers.sealed_at is not null)
        and not exists (select from seals where tables.table_name = any(seals.table_names))
        and not exists (
            select from notes
            where
                notes.began_at = tables.noted_at
                and not exists (select from sealed where sealed.transaction_id = notes.transaction_id)
        )

)

select * from faults
