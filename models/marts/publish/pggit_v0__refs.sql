{{ config(
    post_hook="
        update {{ this }} as refs
        set target_sha = ends.commit_sha
        from {{ ref('int_git__chain_ends') }} as ends
        where
            refs.name = ends.ref_name
            and refs.target_sha <> ends.commit_sha
            -- only a ref that still points where an earlier build left it
            and exists (
                select from {{ ref('changes') }} as changes
                where
                    changes.branch_name = ends.branch_name
                    and changes.commit_sha = refs.target_sha
                    and changes.backfilled_from_v1
            )
    "
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
