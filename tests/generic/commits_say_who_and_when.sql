{#- A row without author or time is accounted for in its commit: unknown, and the time of the commit before. -#}
{% test commits_say_who_and_when(model, commits) %}

with

changes as (

    select * from {{ model }}
    where origin in ('v1', 'inferred')

),

commits as (

    select commit_sha, author, committer, authored_at, committed_at from {{ commits }}

    union

    select commit_sha, author, committer, authored_at, committed_at from {{ ref('stg_pggit_v0__commits') }}

),

expected as (

    select distinct
        changes.commit_sha,
        {{ git_who('changes.author') }} as who,
        coalesce({{ git_moment('changes.committed_at') }}, parents.committed_at, '1970-01-01') as moment
    from changes
    left join commits as parents on changes.parent_commit_sha = parents.commit_sha

)

select
    expected.*,
    commits.author,
    commits.committer,
    commits.authored_at,
    commits.committed_at
from expected
left join commits on expected.commit_sha = commits.commit_sha
where
    commits.author is distinct from expected.who
    or commits.committer is distinct from expected.who
    or commits.authored_at is distinct from expected.moment
    or commits.committed_at is distinct from expected.moment

{% endtest %}
