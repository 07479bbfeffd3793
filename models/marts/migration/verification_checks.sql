with

history as (

    select * from {{ ref('stg_pggit__history') }} as history
    where exists (
        select from {{ ref('int_replay__horizon') }} as horizon
        where horizon.version_id = history.version_id
    )

),

changes as (

    select * from {{ ref('changes') }}

),

excluded_history as (

    select * from {{ ref('excluded_history') }}

),

object_versions as (

    select * from {{ ref('object_versions') }}

),

compliance_log as (

    select * from {{ ref('compliance_log') }}

),

branch_tips as (

    select * from {{ ref('branch_tips') }}

),

chain_ends as (

    select * from {{ ref('int_git__chain_ends') }}

),

live_objects as (

    select * from {{ ref('int_replay__live_objects') }}

),

commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

tree_entries as (

    select * from {{ ref('stg_pggit_v0__tree_entries') }}

),

objects as (

    select * from {{ ref('stg_pggit_v0__objects') }}

),

in_history as (

    select
        count(*) as rows,
        count(*) filter (where author is null) as without_author,
        count(*) filter (where created_at is null) as without_time
    from history

),

in_excluded_history as (

    select
        count(*) as rows,
        count(*) filter (where author is null) as without_author,
        count(*) filter (where created_at is null) as without_time
    from excluded_history

),

from_v1 as (

    select
        count(*) as rows,
        count(*) filter (where changes.author is not distinct from history.author) as authors,
        count(*) filter (where changes.committed_at is not distinct from history.created_at) as times,
        count(*) filter (where changes.change_type is not distinct from history.change_type) as change_types,
        count(*) filter (where changes.change_severity is not distinct from history.change_severity) as severities,
        count(*) filter (
            where
            changes.object_type is not distinct from history.object_type
            and changes.object_schema
            is not distinct from coalesce({{ unquoted('history.object_schema') }}, changes.object_schema)
            -- v1 names a routine by an oid
            and (
                history.object_type in ('FUNCTION', 'PROCEDURE')
                or changes.object_name is not distinct from {{ unquoted('history.object_name') }}
            )
        ) as identities,
        count(*) filter (where changes.author is null) as without_author,
        count(*) filter (where changes.committed_at is null) as without_time
    from changes
    inner join history on changes.v1_version_id = history.version_id

),

in_changes as (

    select
        count(*) as rows,
        coalesce(max(event_no), 0) as last_event_no,
        count(new_definition) as definitions,
        count(*) filter (where verified) as verified
    from changes

),

in_versions as (

    select count(*) as rows from object_versions

),

in_log as (

    select
        count(*) as entries,
        count(distinct change_id) as changes,
        count(distinct change_id) filter (where verification_status = 'PASSED') as passed
    from compliance_log

),

in_chain as (

    select count(distinct breaks.entry_no) as broken
    from (
        {{ compliance_log_faults(ref('compliance_log')) }}
    ) as breaks

),

blobs as (

    select
        count(*) as wanted,
        count(*) filter (where objects.type = 'blob' and objects.content = definitions.definition) as found
    from (select distinct new_definition as definition from changes where new_definition is not null) as definitions
    left join objects on {{ git_sha("'blob'", 'definitions.definition') }} = objects.sha

),

our_commits as (

    select
        count(*) as wanted,
        count(*) filter (
            where
            commits.commit_sha is not null
            and objects.sha = {{ git_sha("'commit'", 'objects.content') }}
        ) as found
    from (select distinct commit_sha from changes where backfilled_from_v1) as ours
    left join commits on ours.commit_sha = commits.commit_sha
    left join objects on ours.commit_sha = objects.sha

),

trees as (

    select
        count(*) as wanted,
        count(*) filter (
            where objects.sha = {{ git_sha("'tree'", git_object_text("'tree'", 'objects.content')) }}
        ) as found
    from branch_tips
    left join objects on branch_tips.tree_sha = objects.sha

),

in_tree as (

    select
        tree_entries.path,
        tree_entries.object_sha
    from tree_entries
    where
        tree_entries.tree_sha = (
            select commits.tree_sha
            from chain_ends
            inner join commits on chain_ends.commit_sha = commits.commit_sha
            order by chain_ends.branch_name = 'main' desc, chain_ends.branch_name
            limit 1
        )

),

live as (

    select
        count(live_objects.object_identity) as objects,
        count(*) filter (where in_tree.object_sha = {{ git_sha("'blob'", 'live_objects.definition') }}) as as_in_tree,
        count(in_tree.path) as in_tree,
        count(*) filter (where live_objects.object_identity is not null and in_tree.path is not null) as in_both
    from live_objects
    full join in_tree on live_objects.object_identity = in_tree.path

),

-- expected and found, each check from its own source
checks as (

    select
        1 as check_no,
        'history_rows' as check_name,
        'Rows of pggit.history; each is one change, or excluded' as description,
        rows as expected,
        (select rows from from_v1) + (select rows from in_excluded_history) as found
    from in_history

    union all

    select
        2,
        'authors',
        'Changes from v1; with the author that v1 recorded',
        rows,
        authors
    from from_v1

    union all

    select
        3,
        'times',
        'Changes from v1; with the time that v1 recorded, to the microsecond',
        rows,
        times
    from from_v1

    union all

    select
        4,
        'change_types',
        'Changes from v1; with the change type that v1 recorded',
        rows,
        change_types
    from from_v1

    union all

    select
        5,
        'severities',
        'Changes from v1; with the severity that v1 recorded',
        rows,
        severities
    from from_v1

    union all

    select
        6,
        'identities',
        'Changes from v1; of the object that v1 recorded: kind, schema, name',
        rows,
        identities
    from from_v1

    union all

    select
        7,
        'null_authors',
        'Rows of pggit.history without an author; changes and excluded rows without one',
        without_author,
        (select without_author from from_v1) + (select without_author from in_excluded_history)
    from in_history

    union all

    select
        8,
        'null_times',
        'Rows of pggit.history without a time; changes and excluded rows without one',
        without_time,
        (select without_time from from_v1) + (select without_time from in_excluded_history)
    from in_history

    union all

    select
        9,
        'order',
        'Changes; the number of the last',
        rows,
        last_event_no
    from in_changes

    union all

    select
        10,
        'blobs',
        'Different definitions in changes; stored in pggit_v0 under the SHA of their content',
        wanted,
        found
    from blobs

    union all

    select
        11,
        'commits',
        'Commits made from v1; in the graph, and stored under the SHA of their content',
        wanted,
        found
    from our_commits

    union all

    select
        12,
        'trees',
        'Trees at the tips of the branches; stored under the SHA of their content',
        wanted,
        found
    from trees

    union all

    select
        13,
        'live_objects',
        'Objects in the live catalog; with the same definition in the tree at the end of the chain',
        objects,
        as_in_tree
    from live

    union all

    select
        14,
        'tree_objects',
        'Objects in that tree; in the live catalog too',
        in_tree,
        in_both
    from live

    union all

    select
        15,
        'versions',
        'Changes that leave a definition; versions of objects',
        definitions,
        (select rows from in_versions)
    from in_changes

    union all

    select
        16,
        'logged',
        'Changes; with an entry in the compliance log',
        rows,
        (select changes from in_log)
    from in_changes

    union all

    select
        17,
        'verified',
        'Verified changes; with a PASSED entry',
        verified,
        (select passed from in_log)
    from in_changes

    union all

    select
        18,
        'log_chain',
        'Entries of the compliance log; whose hash and place hold',
        entries,
        entries - (select broken from in_chain)
    from in_log

),

final as (

    select
        check_no,
        check_name,
        description,
        expected,
        found,
        expected = found as ok,
        (select last_event_no from in_changes) as last_event_no
    from checks

)

select * from final
