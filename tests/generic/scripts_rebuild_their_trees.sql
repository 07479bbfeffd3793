{#- A row: the commit, the object, what its tree says of it, what the script made of it, and why. -#}
{% test scripts_rebuild_their_trees(model, commits) %}

with

wanted as (

    select
        commits.commit_sha,
        entries.object_identity,
        entries.definition
    from {{ commits }} as commits
    cross join lateral unnest(commits.object_identities, commits.definitions) as entries (object_identity, definition)

)

select
    coalesce(wanted.commit_sha, rebuilt.commit_sha) as commit_sha,
    coalesce(wanted.object_identity, rebuilt.object_identity) as object_identity,
    wanted.definition as definition_in_tree,
    rebuilt.definition as rebuilt_definition,
    rebuilt.failed_statement,
    rebuilt.failure
from wanted
full join {{ model }} as rebuilt
    on wanted.commit_sha = rebuilt.commit_sha
    and wanted.object_identity = rebuilt.object_identity
where
    rebuilt.is_excused is not true
    and (rebuilt.failure is not null or wanted.definition is distinct from rebuilt.definition)
    and rebuilt.reads_alike is not true
    -- an object of which only a text is known, or an invalid index: nothing but comments, and nothing is made
    and (rebuilt.definition is not null or rebuilt.failure is not null or wanted.definition ~ '(?n)^(?!--)')
    -- a database begins with it
    and (
        wanted.object_identity is not null
        or rebuilt.object_identity is distinct from 'public'
        or rebuilt.definition <> 'CREATE SCHEMA IF NOT EXISTS public;'
    )

{% endtest %}
