{#- `dbt test` reads the live catalog itself, as it is then; a build the one that it has read when it began. -#}
{% test chain_end_is_the_live_catalog(model, commits, entries, branches, live_objects) %}

with

-- the database has one schema: main's, or where no branch is called so, the root's
live_branch as (

    select branch_name from {{ branches }}
    order by branch_name = 'main' desc, parent_branch_name is null desc, branch_name
    limit 1

),

chain_end as (

    select commit_sha
    from {{ with_published(model, 'changes', 'change_id') }} as changes
    where
        origin in ('v1', 'inferred')
        and branch_name = (select branch_name from live_branch)
    order by event_no desc
    limit 1

),

end_tree as (

    select tree_sha from {{ commits }}
    where commit_sha = (select commit_sha from chain_end)

    union

    select tree_sha from {{ ref('stg_pggit_v0__commits') }}
    where commit_sha = (select commit_sha from chain_end)

),

published_entries as (

    select path, object_sha from {{ entries }}
    where tree_sha = (select tree_sha from end_tree)

    union

    select path, object_sha from {{ ref('stg_pggit_v0__tree_entries') }}
    where tree_sha = (select tree_sha from end_tree)

),

live_entries as (

    {% if execute and flags.WHICH == 'test' -%}
    select * from jsonb_to_recordset($live${{ adapter.live_blobs(hidden_schemas().keys() | list) }}$live$::jsonb)
        as blobs (path text, object_sha text)
    {%- else -%}
    select
        object_identity as path,
        {{ git_sha("'blob'", 'definition') }} as object_sha
    from {{ live_objects }}
    {%- endif %}

)

select
    published_entries.path as path_in_tree,
    live_entries.path as path_in_catalog
from published_entries
full join live_entries on published_entries.path = live_entries.path
where published_entries.object_sha is distinct from live_entries.object_sha

{% endtest %}
