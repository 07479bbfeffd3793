{%- set objects_source = source('pggit_v0', 'objects') -%}
{%- do source_columns(objects_source) -%}

with

objects as (

    select * from {{ objects_source }}

),

final as (

    select
        sha as blob_sha,
        size,
        content as definition
    from objects
    where type = 'blob'

)

select * from final
