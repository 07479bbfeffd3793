{%- set head_source = source('pggit_v0', 'head') -%}
{%- do source_columns(head_source) -%}

with

head as (

    select * from {{ head_source }}

),

final as (

    select
        ref_name,
        direct_sha
    from head

)

select * from final
