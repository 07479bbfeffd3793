with

excluded_history as (

    select * from {{ ref('excluded_history') }}

),

history as (

    select * from {{ ref('stg_pggit__history') }}

)

select excluded_history.v1_version_id
from excluded_history
inner join history on excluded_history.v1_version_id = history.version_id
where
    (
        excluded_history.branch_name, excluded_history.object_schema, excluded_history.object_name,
        excluded_history.object_type, excluded_history.change_type, excluded_history.author,
        excluded_history.created_at, excluded_history.change_sql
    ) is distinct from (
        history.branch_name, history.object_schema, history.object_name,
        history.object_type, history.change_type, history.author,
        history.created_at, history.change_sql
    )
