{#- What pggit_v0 got from others since the last build. Refs are walked until a commit that is known already,
    so that the commits of a killed build, which no ref reaches, never pass for somebody else's. -#}
with recursive

-- Inlined, for the walks to use the tables' indexes; offset 0 keeps each step of a walk a look-up per commit, where
-- a join would read all commits at every step.
commits as not materialized (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

refs as (

    select * from {{ ref('stg_pggit_v0__refs') }}

),

head as (

    select * from {{ ref('stg_pggit_v0__head') }}

),

published_changes as not materialized (

    select commit_sha from {{ published('changes') }} as changes

),

new_commits as not materialized (

    select commit_sha from {{ ref('int_git__commits') }}

),

unknown_commits as not materialized (

    select
        commit_sha,
        parent_shas
    from commits
    where
        not exists (select from published_changes where published_changes.commit_sha = commits.commit_sha)
        and not exists (select from new_commits where new_commits.commit_sha = commits.commit_sha)

),

ranked_refs as (

    select
        refs.ref_name,
        refs.target_sha,
        refs.ref_type,
        row_number() over (
            order by
                head.ref_name is not null desc,
                refs.ref_type = 'branch' desc,
                refs.ref_name
        ) as rank
    from refs
    left join head on refs.ref_name = head.ref_name

),

on_branches as (

    select target_sha as commit_sha
    from ranked_refs
    where ref_type = 'branch'

    union

    select steps.parent_sha
    from on_branches
    cross join lateral (
        select unnest(unknown_commits.parent_shas) as parent_sha
        from unknown_commits
        where unknown_commits.commit_sha = on_branches.commit_sha
        offset 0
    ) as steps

),

-- along first parents only, or through the second parent of a merge; a tag on a branch leads nowhere new
walks as (

    select
        rank,
        target_sha as commit_sha,
        true as by_first_parents
    from ranked_refs
    where
        ref_type = 'branch'
        or not exists (select from on_branches where on_branches.commit_sha = ranked_refs.target_sha)

    union

    select
        walks.rank,
        steps.parent_sha,
        walks.by_first_parents and steps.position = 1
    from walks
    cross join lateral (
        select
            parents.parent_sha,
            parents.position
        from unknown_commits
        cross join lateral unnest(unknown_commits.parent_shas) with ordinality as parents (parent_sha, position)
        where unknown_commits.commit_sha = walks.commit_sha
        offset 0
    ) as steps

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
        commits.commit_sha,
        commits.parent_shas[1] as parent_commit_sha,
        commits.tree_sha,
        parents.tree_sha as parent_tree_sha,
        regexp_replace(ranked_refs.ref_name, '^refs/(heads/)?', '') as branch_name,
        commits.generation,
        commits.author,
        commits.committed_at,
        commits.message
    from reached
    inner join ranked_refs on reached.rank = ranked_refs.rank
    inner join commits on reached.commit_sha = commits.commit_sha
    inner join unknown_commits on reached.commit_sha = unknown_commits.commit_sha
    left join commits as parents on commits.parent_shas[1] = parents.commit_sha

)

select * from final
