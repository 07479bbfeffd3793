{{ config(
    post_hook=[
        "
        update {{ this }} as refs
        set target_sha = ends.commit_sha
        from {{ ref('int_git__chain_ends') }} as ends
        where
            refs.name = ends.ref_name
            and refs.target_sha <> ends.commit_sha
            -- only a ref that still points where the last build left it
            and refs.target_sha = coalesce(
                (
                    select moves.target_sha from {{ ref('ref_moves') }} as moves
                    where moves.ref_name = refs.name
                    order by moves.move_no desc
                    limit 1
                ),
                refs.target_sha
            )
            and exists (
                select from {{ ref('changes') }} as changes
                where
                    changes.branch_name = ends.branch_name
                    and changes.commit_sha = refs.target_sha
                    and changes.backfilled_from_v1
            )
        ",
        "
        insert into {{ ref('ref_moves') }} (move_no, ref_name, target_sha, moved_at)
        select
            coalesce((select max(move_no) from {{ ref('ref_moves') }}), 0) + row_number() over (order by refs.name),
            refs.name,
            refs.target_sha,
            now()
        from {{ this }} as refs
        inner join {{ ref('int_git__chain_ends') }} as ends
            on refs.name = ends.ref_name
            and refs.target_sha = ends.commit_sha
        where refs.target_sha is distinct from (
            select moves.target_sha from {{ ref('ref_moves') }} as moves
            where moves.ref_name = refs.name
            order by moves.move_no desc
            limit 1
        )
        -- set or moved by this build, or back where a build left the branch under its other name; else a note is lost
        and (
            refs.xmin = pg_current_xact_id()::xid
            or exists (select from {{ ref('ref_moves') }} as moves where moves.target_sha = refs.target_sha)
        )
        "
    ]
) }}
with

chain_ends as (

    select * from {{ ref('int_git__chain_ends') }}

),

final as (

    select
        ref_name as name,
        commit_sha as target_sha,
        'branch' as type
    from chain_ends

)

select * from final
