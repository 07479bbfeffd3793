{#- Both ways: every path in which a native commit differs from its first parent is one change, and no other is. -#}
{% test native_changes_are_the_differences_of_trees(model, own_commits=none) %}

with recursive

changes as (

    select * from {{ with_published(model, 'changes', 'change_id') }} as changes

),

own_commits as (

    select commit_sha from changes
    where origin in ('v1', 'inferred')
    {%- if own_commits %}

    union

    select commit_sha from {{ own_commits }}
    {%- endif %}

),

graph as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

reachable as (

    select target_sha as commit_sha
    from {{ ref('stg_pggit_v0__refs') }}

    union

    -- offset 0 keeps this a look-up per commit: a join would read all commits at every step
    select steps.parent_sha
    from reachable
    cross join lateral (
        select unnest(parent_shas) as parent_sha
        from {{ ref('stg_pggit_v0__commits') }}
        where commit_sha = reachable.commit_sha
        offset 0
    ) as steps

),

native_commits as (

    select
        graph.commit_sha,
        graph.parent_shas[1] as parent_commit_sha,
        graph.tree_sha,
        parents.tree_sha as parent_tree_sha,
        graph.author,
        graph.committed_at,
        graph.message
    from (
        select commit_sha from reachable

        union

        select commit_sha from changes where origin = 'v0'
    ) as candidates
    inner join graph on candidates.commit_sha = graph.commit_sha
    left join graph as parents on graph.parent_shas[1] = parents.commit_sha
    where not exists (select from own_commits where own_commits.commit_sha = graph.commit_sha)

),

sides as (

    select
        native_commits.commit_sha,
        entries.path,
        entries.object_sha,
        'new' as side
    from native_commits
    inner join {{ ref('stg_pggit_v0__tree_entries') }} as entries on native_commits.tree_sha = entries.tree_sha
    where native_commits.tree_sha is distinct from native_commits.parent_tree_sha

    union all

    select
        native_commits.commit_sha,
        entries.path,
        entries.object_sha,
        'old' as side
    from native_commits
    inner join {{ ref('stg_pggit_v0__tree_entries') }} as entries on native_commits.parent_tree_sha = entries.tree_sha
    where native_commits.tree_sha is distinct from native_commits.parent_tree_sha

),

differences as (

    select
        commit_sha,
        path,
        max(object_sha) filter (where side = 'old') as old_sha,
        max(object_sha) filter (where side = 'new') as new_sha
    from sides
    group by commit_sha, path
    having
        max(object_sha) filter (where side = 'old')
        is distinct from max(object_sha) filter (where side = 'new')

),

expected as (

    select
        differences.commit_sha,
        differences.path,
        native_commits.parent_commit_sha,
        {{ git_author('native_commits.author') }} as author,
        native_commits.committed_at,
        native_commits.message as commit_message,
        old_blobs.definition as old_definition,
        new_blobs.definition as new_definition,
        case
            when differences.old_sha is null then 'CREATE'
            when differences.new_sha is null then 'DROP'
            else 'ALTER'
        end as change_type
    from differences
    inner join native_commits on differences.commit_sha = native_commits.commit_sha
    left join {{ ref('stg_pggit_v0__blobs') }} as old_blobs on differences.old_sha = old_blobs.blob_sha
    left join {{ ref('stg_pggit_v0__blobs') }} as new_blobs on differences.new_sha = new_blobs.blob_sha

),

recorded as (

    select
        commit_sha,
        object_identity,
        count(*) as times,
        min(parent_commit_sha) as parent_commit_sha,
        min(author) as author,
        min(committed_at) as committed_at,
        min(commit_message) as commit_message,
        min(old_definition) as old_definition,
        min(new_definition) as new_definition,
        min(change_type) as change_type
    from changes
    where origin = 'v0'
    group by commit_sha, object_identity

)

select
    expected.commit_sha,
    expected.path,
    recorded.commit_sha as recorded_commit_sha,
    recorded.object_identity as recorded_path,
    recorded.times
from expected
full join recorded
    on expected.commit_sha = recorded.commit_sha
    and expected.path = recorded.object_identity
where
    recorded.times is distinct from 1
    or expected.commit_sha is null
    or recorded.parent_commit_sha is distinct from expected.parent_commit_sha
    or recorded.author is distinct from expected.author
    or recorded.committed_at is distinct from expected.committed_at
    or recorded.commit_message is distinct from expected.commit_message
    or recorded.old_definition is distinct from expected.old_definition
    or recorded.new_definition is distinct from expected.new_definition
    or recorded.change_type is distinct from expected.change_type

{% endtest %}
