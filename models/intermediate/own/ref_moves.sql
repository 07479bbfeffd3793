-- Written by pggit_v0__refs, in the transaction that sets or moves a ref.
select
    null::bigint as move_no,
    null::text as ref_name,
    null::text as target_sha,
    null::timestamptz as moved_at
where false
