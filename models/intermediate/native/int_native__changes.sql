with

commits as (

    select * from {{ ref('int_native__commits') }}

),

tree_entries as (

    select * from {{ ref('stg_pggit_v0__tree_entries') }}

),

blobs as (

    select * from {{ ref('stg_pggit_v0__blobs') }}

),

events as (

    select * from {{ ref('int_replay__events') }}
    where origin <> 'excluded'

),

published_changes as (

    select * from {{ published('changes') }} as changes

),

changed_commits as (

    select * from commits
    where tree_sha is distinct from parent_tree_sha

),

-- a merge is compared with its first parent, as all others are with their only one
differences as (

    select
        coalesce(new_entries.commit_sha, old_entries.commit_sha) as commit_sha,
        coalesce(new_entries.path, old_entries.path) as path,
        old_entries.object_sha as old_sha,
        new_entries.object_sha as new_sha
    from (
        select
            changed_commits.commit_sha,
            tree_entries.path,
            tree_entries.object_sha
        from changed_commits
        inner join tree_entries on changed_commits.parent_tree_sha = tree_entries.tree_sha
    ) as old_entries
    full join (
        select
            changed_commits.commit_sha,
            tree_entries.path,
            tree_entries.object_sha
        from changed_commits
        inner join tree_entries on changed_commits.tree_sha = tree_entries.tree_sha
    ) as new_entries
        on old_entries.commit_sha = new_entries.commit_sha
        and old_entries.path = new_entries.path
    where old_entries.object_sha is distinct from new_entries.object_sha

),

-- what an object is, is known from the last change that named it
known_objects as (

    select distinct on (object_identity)
        object_identity,
        object_type,
        object_schema,
        object_name
    from (
        select object_identity, object_type, object_schema, object_name, 1 as age, -event_seq as recency
        from events

        union all

        select object_identity, object_type, object_schema, object_name, 2, -event_no
        from published_changes
    ) as namings
    order by object_identity, age, recency

),

final as (

    select
        commits.commit_sha,
        commits.parent_commit_sha,
        commits.generation,
        commits.branch_name,
        case
            when known_objects.object_identity is null then {{ unquoted('path.parts[2]') }}
            else known_objects.object_schema
        end as object_schema,
        case
            when known_objects.object_identity is null then {{ unquoted('named.name') }}
            else known_objects.object_name
        end as object_name,
        -- a path may pass from one kind to another, as from a view to a table
        coalesce(
            {{ definition_object_type('coalesce(new_blobs.definition, old_blobs.definition)') }},
            known_objects.object_type
        ) as object_type,
        differences.path as object_identity,
        case
            when differences.old_sha is null then 'CREATE'
            when differences.new_sha is null then 'DROP'
            else 'ALTER'
        end as change_type,
        old_blobs.definition as old_definition,
        new_blobs.definition as new_definition,
        {{ git_author('commits.author') }} as author,
        commits.committed_at,
        commits.message as commit_message
    from differences
    inner join commits on differences.commit_sha = commits.commit_sha
    left join blobs as old_blobs on differences.old_sha = old_blobs.blob_sha
    left join blobs as new_blobs on differences.new_sha = new_blobs.blob_sha
    left join known_objects on differences.path = known_objects.object_identity
    cross join lateral (select {{ path_parts('differences.path') }} as parts) as path
    cross join lateral (select coalesce(path.parts[1], path.parts[3], differences.path) as name) as named

)

select * from final
