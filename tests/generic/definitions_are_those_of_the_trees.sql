{#- Object by object: the old definition is in the tree of the commit before, or is what the change before in the
    same commit left; the new one is in the commit's own tree, or is what the next change starts from. -#}
{% test definitions_are_those_of_the_trees(model, commits, entries) %}

with

changes as (

    select
        *,
        lag(change_id) over in_commit is null as is_first,
        lead(change_id) over in_commit is null as is_last,
        lag(new_definition) over in_commit as previous_definition
    from {{ model }}
    where origin in ('v1', 'inferred')
    window in_commit as (partition by branch_name, commit_sha, object_identity order by event_no)

),

commits as (

    select commit_sha, tree_sha from {{ commits }}

    union

    select commit_sha, tree_sha from {{ ref('stg_pggit_v0__commits') }}

),

expected as (

    select
        changes.change_id,
        'old' as side,
        commits.tree_sha,
        changes.object_identity as path,
        {{ git_sha("'blob'", 'changes.old_definition') }} as blob_sha
    from changes
    left join commits on changes.parent_commit_sha = commits.commit_sha
    where changes.is_first

    union all

    select
        changes.change_id,
        'new' as side,
        commits.tree_sha,
        changes.object_identity as path,
        {{ git_sha("'blob'", 'changes.new_definition') }} as blob_sha
    from changes
    left join commits on changes.commit_sha = commits.commit_sha
    where changes.is_last

),

found as (

    select entries.tree_sha, entries.path, entries.object_sha
    from {{ entries }} as entries
    where (entries.tree_sha, entries.path) in (select tree_sha, path from expected)

    union

    select entries.tree_sha, entries.path, entries.object_sha
    from {{ ref('stg_pggit_v0__tree_entries') }} as entries
    where (entries.tree_sha, entries.path) in (select tree_sha, path from expected)

)

select
    expected.change_id,
    expected.side
from expected
left join found
    on expected.tree_sha = found.tree_sha
    and expected.path = found.path
where expected.blob_sha is distinct from found.object_sha

union all

select
    change_id,
    'old' as side
from changes
where not is_first and old_definition is distinct from previous_definition

{% endtest %}
