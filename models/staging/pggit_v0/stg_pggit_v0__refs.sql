{%- set refs_source = source('pggit_v0', 'refs') -%}
{%- do source_columns(refs_source) -%}

with

refs as (

    select * from {{ refs_source }}

),

final as (

    select
        name as ref_name,
        target_sha,
        type as ref_type
    from refs

)

select * from final
