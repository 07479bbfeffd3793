{%- set objects_source = source('pggit_v0', 'objects') -%}
{%- set columns = source_columns(objects_source) -%}

with

objects as (

    select * from {{ objects_source }}

),

final as (

    select
        sha,
        type,
        size,
        content,
        {{ 'created_at' if 'created_at' in columns else 'null' }}::timestamp as created_at
    from objects

)

select * from final
