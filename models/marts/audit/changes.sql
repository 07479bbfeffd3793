-- depends_on: {{ ref('pggit_v0__commit_graph') }}
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
        change_id as change_id,
        event_no as event_no,
        origin as origin,
        v1_version_id as v1_version_id,
        v1_version as v1_version,
        v1_version_string as v1_version_string,
        object_id as object_id,
        commit_sha as commit_sha,
        parent_commit_sha as parent_commit_sha,
        branch_name as branch_name,
        object_schema as object_schema,
        object_name as object_name,
        object_type as object_type,
        object_identity as object_identity,
        change_type as change_type,
        change_severity as change_severity,
        old_definition as old_definition,
        new_definition as new_definition,
        author as author,
        committed_at as committed_at,
        commit_message as commit_message,
        backfilled_from_v1 as backfilled_from_v1,
        verified as verified,
        fidelity as fidelity
    from new_changes

)

select * from final
order by event_no
