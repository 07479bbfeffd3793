{#- What pggit_v0 got from others since the last build. Refs are walked until a commit that is known already,
    so that the commits of a killed build, which no ref reaches, never pass for somebody else's. -#}
with recursive

commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

refs as (

    select * from {{ ref('stg_pggit_v0__refs') }}

),

head as (

    select * from {{ ref('stg_pggit_v0__head') }}

),

known_commits as (

    select commit_sha from {{ published('changes') }} as changes

    union

    select commit_sha from {{ ref('int_git__commits') }}

),

ranked_refs as (

    select
        refs.ref_name,
        refs.target_sha,
        row_number() over (
            order by
                head.ref_name is not null desc,
                refs.ref_type = 'branch' desc,
                refs.ref_name
        ) as rank
    from refs
    left join head on refs.ref_name = head.ref_name

),

-- along first parents only, or through the second parent of a merge
walks as (

    select
        rank,
        target_sha as commit_sha,
        true as by_first_parents
    from ranked_refs

    union

    select
        walks.rank,
        parents.commit_sha,
        walks.by_first_parents and parents.position = 1
    from walks
    inner join commits on walks.commit_sha = commits.commit_sha
    cross join lateral unnest(commits.parent_shas) with ordinality as parents (commit_sha, position)
    where not exists (select from known_commits where walks.commit_sha = known_commits.commit_sha)

),

reached as (

    select distinct on (commit_sha)
        commit_sha,
        rank
    from walks
    order by commit_sha, by_first_parents desc, rank

),

final as (

    select
        commits.commit_sha as commit_sha,
        commits.parent_shas[1] as parent_commit_sha,
        commits.tree_sha as tree_sha,
        parents.tree_sha as parent_tree_sha,
        regexp_replace(ranked_refs.ref_name, '^refs/(heads/)?', '') as branch_name,
        commits.generation as generation,
        commits.author as author,
        commits.committed_at as committed_at,
        commits.message as message
    from reached
    inner join ranked_refs on reached.rank = ranked_refs.rank
    inner join commits on reached.commit_sha = commits.commit_sha
    left join commits as parents on commits.parent_shas[1] = parents.commit_sha
    where not exists (select from known_commits where commits.commit_sha = known_commits.commit_sha)

)

select * from final
