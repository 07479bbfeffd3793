-- Filled by the materializations themselves, in each transaction in which a build makes something.
select
    null::bigint as transaction_id,
    null::text as purpose,
    null::text as noted_by,
    null::timestamp as began_at
where false
