{#- Along first parents where a branch does so, else through a merge, or from a tag. Only as long as a change is not
    published: refs move on, and what was on a branch then still was. -#}
{% test native_changes_are_on_a_branch_that_leads_to_them(model) %}

with recursive

published_changes as (

    select
        change_id,
        commit_sha
    from {{ published('changes') }} as changes

),

native_changes as (

    select distinct
        commit_sha,
        branch_name
    from {{ model }} as changes
    where
        origin = 'v0'
        and not exists (select from published_changes where published_changes.change_id = changes.change_id)

),

known_commits as (

    select commit_sha from {{ model }}
    where origin <> 'v0'

    union

    select commit_sha from published_changes

),

walks as (

    select
        regexp_replace(ref_name, '^refs/(heads/)?', '') as branch_name,
        ref_type,
        target_sha as commit_sha,
        true as by_first_parents
    from {{ ref('stg_pggit_v0__refs') }}

    union

    -- offset 0 keeps this a look-up per commit: a join would read all commits at every step
    select
        walks.branch_name,
        walks.ref_type,
        steps.parent_sha,
        walks.by_first_parents and steps.position = 1
    from walks
    cross join lateral (
        select
            parents.parent_sha,
            parents.position
        from {{ ref('stg_pggit_v0__commits') }} as commits
        cross join lateral unnest(commits.parent_shas) with ordinality as parents (parent_sha, position)
        where
            commits.commit_sha = walks.commit_sha
            and not exists (select from known_commits where known_commits.commit_sha = commits.commit_sha)
        offset 0
    ) as steps

)

select native_changes.*
from native_changes
where not exists (
    select from walks
    where
        walks.commit_sha = native_changes.commit_sha
        and walks.branch_name = native_changes.branch_name
        and (
            walks.by_first_parents
            or not exists (
                select from walks as others
                where
                    others.commit_sha = native_changes.commit_sha
                    and others.ref_type = 'branch'
                    and others.by_first_parents
            )
        )
)

{% endtest %}
