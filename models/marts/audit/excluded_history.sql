-- depends_on: {{ ref('pggit_v0__commit_graph') }}
with

events as (

    select * from {{ ref('int_replay__events') }}
    where origin = 'excluded'

),

history as (

    select * from {{ ref('stg_pggit__history') }}

),

final as (

    select
        events.v1_version_id,
        events.exclusion_reason as reason,
        history.branch_name,
        history.object_schema,
        history.object_name,
        history.object_type,
        history.change_type,
        history.author,
        history.created_at,
        history.change_sql
    from events
    inner join history on events.v1_version_id = history.version_id

)

select * from final
