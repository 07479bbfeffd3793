{%- set branches_source = source('pggit', 'branches') -%}
{%- set columns = source_columns(branches_source, required=false) -%}

with

{% if columns is none %}

final as (

    select
        null::bigint as branch_id,
        null::text as branch_name,
        null::text as parent_branch_name,
        null::timestamp as created_at,
        null::text as created_by
    where false

)

{% else %}

branches as (

    select * from {{ branches_source }}

),

final as (

    select
        branches.id::bigint as branch_id,
        branches.name as branch_name,
        parents.name as parent_branch_name,
        branches.created_at::timestamp as created_at,
        branches.created_by
    from branches
    left join branches as parents on branches.parent_branch_id = parents.id

)

{% endif %}

select * from final
