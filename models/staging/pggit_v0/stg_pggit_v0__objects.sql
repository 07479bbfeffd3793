{%- set objects_source = source('pggit_v0', 'objects') -%}
{%- set columns = source_columns(objects_source) -%}

with

objects as (

    select * from {{ objects_source }}

),

final as (

    select
        sha as sha,
        type as type,
        size as size,
        content as content,
        {{ 'created_at' if 'created_at' in columns else 'null' }}::timestamp as created_at
    from objects

)

select * from final
