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

logged as (

    select distinct change_id from {{ ref('compliance_log') }}

),

commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

objects as (

    select * from {{ ref('stg_pggit_v0__objects') }}

),

checked as (

    select
        history.version_id as v1_version_id,
        changes.change_id,
        excluded_history.reason as exclusion_reason,
        array_remove(array[
            case when (changes.change_id is null) = (excluded_history.v1_version_id is null) then 'once' end,
            case
                when coalesce(changes.author, excluded_history.author) is distinct from history.author then 'author'
            end,
            case
                when
                    coalesce(changes.committed_at, excluded_history.created_at) is distinct from history.created_at
                    then 'time'
            end,
            case
                when
                    coalesce(changes.change_type, excluded_history.change_type) is distinct from history.change_type
                    then 'change_type'
            end,
            case
                when
                    changes.change_id is not null
                    and changes.change_severity is distinct from history.change_severity
                    then 'severity'
            end,
            case
                when
                    changes.change_id is not null
                    and (
                        changes.object_type is distinct from history.object_type
                        or changes.object_schema
                        is distinct from coalesce({{ unquoted('history.object_schema') }}, changes.object_schema)
                        -- v1 names a routine by an oid
                        or (
                            history.object_type not in ('FUNCTION', 'PROCEDURE')
                            and changes.object_name is distinct from {{ unquoted('history.object_name') }}
                        )
                    )
                    then 'identity'
            end,
            case
                when
                    changes.new_definition is not null
                    and blobs.content is distinct from changes.new_definition
                    then 'blob'
            end,
            case
                when
                    changes.change_id is not null
                    and (
                        commits.commit_sha is null
                        or commit_objects.sha is distinct from {{ git_sha("'commit'", 'commit_objects.content') }}
                    )
                    then 'commit'
            end,
            case when changes.change_id is not null and logged.change_id is null then 'logged' end
        ], null) as failed_checks
    from history
    left join changes on history.version_id = changes.v1_version_id
    left join excluded_history on history.version_id = excluded_history.v1_version_id
    left join objects as blobs on {{ git_sha("'blob'", 'changes.new_definition') }} = blobs.sha
    left join commits on changes.commit_sha = commits.commit_sha
    left join objects as commit_objects on changes.commit_sha = commit_objects.sha
    left join logged on changes.change_id = logged.change_id

),

final as (

    select
        v1_version_id,
        change_id,
        exclusion_reason,
        failed_checks,
        cardinality(failed_checks) = 0 as ok
    from checked

)

select * from final
