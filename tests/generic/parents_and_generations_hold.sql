{% test parents_and_generations_hold(model, objects) %}

with

commits as (

    select commit_sha, parent_shas, generation from {{ model }}

),

all_commits as (

    select commit_sha, generation from commits

    union

    select commit_sha, generation from {{ ref('stg_pggit_v0__commits') }}

),

parents as (

    select
        commits.commit_sha,
        count(*) as parents,
        count(all_commits.commit_sha) as known_parents,
        max(all_commits.generation) as generation
    from commits
    cross join lateral unnest(commits.parent_shas) as parent_sha
    left join all_commits on parent_sha = all_commits.commit_sha
    group by commits.commit_sha

),

written as (

    select
        sha as commit_sha,
        array(
            select line[1]
            from regexp_matches(split_part(content, e'\nauthor ', 1), '\nparent ([^\n]*)', 'g') as line
        ) as parent_shas
    from {{ objects }}
    where type = 'commit'

)

select
    commits.commit_sha,
    commits.parent_shas,
    commits.generation,
    parents.generation as highest_generation_of_parents,
    written.parent_shas as written_parent_shas
from commits
left join parents on commits.commit_sha = parents.commit_sha
left join written on commits.commit_sha = written.commit_sha
where
    commits.generation is distinct from coalesce(parents.generation + 1, 0)
    or parents.parents > parents.known_parents
    or written.parent_shas is distinct from commits.parent_shas

{% endtest %}
