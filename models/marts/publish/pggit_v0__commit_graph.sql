-- depends_on: {{ ref('pggit_v0__tree_entries') }}
with

commits as (

    select * from {{ ref('int_git__commits') }}

),

final as (

    select
        commit_sha as commit_sha,
        parent_shas as parent_shas,
        tree_sha as tree_sha,
        generation as generation,
        author as author,
        committer as committer,
        authored_at as authored_at,
        committed_at as committed_at,
        message as message
    from commits

)

select * from final
