-- depends_on: {{ ref('pggit_v0__commit_graph') }}
-- What a build stored has its note before there is a change that says so.
-- depends_on: {{ ref('published_objects') }}
-- depends_on: {{ ref('repairs') }}
-- depends_on: {{ ref('excluded_history') }}
-- depends_on: {{ ref('findings') }}
-- depends_on: {{ ref('stg_pggit__history') }}
-- The next build goes on from what schema_ddl_at() says of the published tip.
-- depends_on: {{ function('schema_ddl_at') }}
with

new_changes as (

    select * from {{ ref('int_changes') }}

),

final as (

    select
        change_id,
        event_no,
        origin,
        v1_version_id,
        v1_version,
        v1_version_string,
        object_id,
        commit_sha,
        parent_commit_sha,
        branch_name,
        object_schema,
        object_name,
        object_type,
        object_identity,
        change_type,
        change_severity,
        old_definition,
        new_definition,
        author,
        committed_at,
        commit_message,
        backfilled_from_v1,
        verified,
        fidelity
    from new_changes

)

select * from final
order by event_no
