{#- All lines but the parents', which have a test of their own. -#}
{% test commit_content_says_what_the_graph_says(model, objects, changes) %}

with

own_commits as (

    select distinct commit_sha
    from {{ changes }}
    where origin in ('v1', 'inferred')

)

select
    commits.commit_sha,
    objects.content
from own_commits
inner join {{ model }} as commits on own_commits.commit_sha = commits.commit_sha
left join {{ objects }} as objects
    on commits.commit_sha = objects.sha
    and objects.type = 'commit'
where
    regexp_replace(objects.content, '^(tree [^\n]*\n)(parent [^\n]*\n)*', '\1') is distinct from
    {{ git_commit_content(
        'commits.tree_sha', 'array[]::text[]', 'commits.author', 'commits.authored_at',
        'commits.committer', 'commits.committed_at', 'commits.message'
    ) }}

{% endtest %}
