-- Written by pggit_v0__refs, in the transaction that sets or moves a ref. When this table is made, what earlier builds left is
-- taken for granted, once.
with

changes as (

    select * from {{ published('changes') }} as changes
    where origin in ('v1', 'inferred')

),

refs as (

    select * from {{ ref('stg_pggit_v0__refs') }}

),

ends as (

    select distinct on (branch_name)
        branch_name,
        commit_sha
    from changes
    order by branch_name, event_no desc

),

final as (

    select
        row_number() over (order by refs.ref_name) as move_no,
        refs.ref_name,
        refs.target_sha,
        now() as moved_at
    from refs
    inner join ends
        on refs.target_sha = ends.commit_sha
        and refs.ref_name in ('refs/heads/' || ends.branch_name, 'refs/heads/v1/' || ends.branch_name)
    where {{ not is_published('ref_moves') }}

)

select * from final
