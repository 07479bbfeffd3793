-- Written when a command that builds has ended: see seal_own_transactions.
select
    null::bigint as seal_no,
    null::timestamp with time zone as sealed_at,
    null::bigint as transaction_id,
    null::bigint[] as transaction_ids,
    null::text as previous_digest,
    null::text as digest,
    null::bigint as last_move_no,
    null::bigint as last_anchor_no,
    null::text[] as table_names
where false
