with

history as (

    select * from {{ ref('stg_pggit__history') }}

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

    select * from {{ source('pggit_v0', 'objects') }}

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
                and changes.object_schema is not distinct
                from coalesce({{ unquoted('history.object_schema') }}, changes.object_schema)
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

our_commits as (

    select distinct commit_sha from changes
    where backfilled_from_v1

),

definitions as (

    select distinct new_definition as definition from changes
    where new_definition is not null

),

live_branch_end as (

    select commits.tree_sha
    from chain_ends
    inner join commits on chain_ends.commit_sha = commits.commit_sha
    order by chain_ends.branch_name = 'main' desc, chain_ends.branch_name
    limit 1

),

in_tree as (

    select
        path,
        object_sha
    from tree_entries
    where tree_sha = (select tree_sha from live_branch_end)

),

checks as (

    select 1 as check_no, 'history_rows' as check_name,
        'Rows of pggit.history: each is one change, or excluded' as description,
        (select count(*) from history) as expected,
        (select rows from from_v1) + (select count(*) from excluded_history) as found

    union all

    select 2, 'authors', 'Changes from v1 with the author that v1 recorded', rows, authors from from_v1

    union all

    select 3, 'times', 'Changes from v1 with the time that v1 recorded, to the microsecond', rows, times from from_v1

    union all

    select 4, 'change_types', 'Changes from v1 with the change type that v1 recorded', rows, change_types from from_v1

    union all

    select 5, 'severities', 'Changes from v1 with the severity that v1 recorded', rows, severities from from_v1

    union all

    select 6, 'identities', 'Changes from v1 of the object that v1 recorded: kind, schema, name', rows, identities from from_v1

    union all

    select 7, 'null_authors', 'Rows of pggit.history without an author, changes and excluded rows without one',
        (select count(*) from history where author is null),
        (select without_author from from_v1) + (select count(*) from excluded_history where author is null)

    union all

    select 8, 'null_times', 'Rows of pggit.history without a time, changes and excluded rows without one',
        (select count(*) from history where created_at is null),
        (select without_time from from_v1) + (select count(*) from excluded_history where created_at is null)

    union all

    select 9, 'order', 'Changes, numbered without a gap', (select count(*) from changes), (select coalesce(max(event_no), 0) from changes)

    union all

    select 10, 'blobs', 'Different definitions in changes, stored in pggit_v0 under the SHA of their content',
        count(*),
        count(*) filter (where objects.type = 'blob' and objects.content = definitions.definition)
    from definitions
    left join objects on {{ git_sha("'blob'", 'definitions.definition') }} = objects.sha

    union all

    select 11, 'commits', 'Commits made from v1, stored under the SHA of their content, and in the graph',
        count(*),
        count(*) filter (where commits.commit_sha is not null and objects.sha = {{ git_sha("'commit'", 'objects.content') }})
    from our_commits
    left join commits on our_commits.commit_sha = commits.commit_sha
    left join objects on our_commits.commit_sha = objects.sha

    union all

    select 12, 'trees', 'Trees at the tips of the branches, stored under the SHA of their content',
        count(*),
        count(*) filter (where objects.sha = {{ git_sha("'tree'", git_object_text("'tree'", 'objects.content')) }})
    from branch_tips
    left join objects on branch_tips.tree_sha = objects.sha

    union all

    select 13, 'live_objects', 'Objects in the live catalog, with the same definition in the tree at the end of the chain',
        count(*),
        count(*) filter (where in_tree.object_sha = {{ git_sha("'blob'", 'live_objects.definition') }})
    from live_objects
    left join in_tree on live_objects.object_identity = in_tree.path

    union all

    select 14, 'tree_objects', 'Objects in that tree, which are in the live catalog',
        count(*),
        count(live_objects.object_identity)
    from in_tree
    left join live_objects on in_tree.path = live_objects.object_identity

    union all

    select 15, 'versions', 'Changes that leave a definition, versions of objects',
        (select count(*) from changes where new_definition is not null),
        (select count(*) from object_versions)

    union all

    select 16, 'logged', 'Changes, those with an entry in the compliance log',
        (select count(*) from changes),
        (select count(distinct change_id) from compliance_log)

    union all

    select 17, 'verified', 'Verified changes, those with a PASSED entry',
        (select count(*) from changes where verified),
        (select count(distinct change_id) from compliance_log where verification_status = 'PASSED')

    union all

    select 18, 'log_chain', 'Entries of the compliance log, those whose hash and place hold',
        (select count(*) from compliance_log),
        (select count(*) from compliance_log)
            - (select count(distinct entry_no) from {{ function('compliance_log_breaks') }}())

),

final as (

    select
        check_no as check_no,
        check_name as check_name,
        description as description,
        expected as expected,
        found as found,
        expected = found as ok,
        (select max(event_no) from changes) as last_event_no,
        now() as checked_at
    from checks

)

select * from final
