-- Filled by append_only itself, in the transaction in which it makes a table.
select
    null::text as table_name,
    null::timestamp as noted_at
where false
