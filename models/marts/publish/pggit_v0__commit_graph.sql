-- depends_on: {{ ref('pggit_v0__tree_entries') }}
with

commits as (

    select * from {{ ref('int_git__commits') }}

),

final as (

    select
        commit_sha,
        parent_shas,
        tree_sha,
        generation,
        author,
        committer,
        authored_at,
        committed_at,
        message
    from commits

)

select * from final
