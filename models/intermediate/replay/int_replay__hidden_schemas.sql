{%- set packages = schemas_of_packages() -%}
with

final as (

    select
        hidden.schema_name::text as schema_name,
        hidden.reason::text as reason,
        hidden.packages::text as packages
    from (
        values
        {%- for name, reason in hidden_schemas().items() %}
        (
            {{ dbt.string_literal(dbt.escape_single_quotes(name)) }},
            {{ dbt.string_literal(dbt.escape_single_quotes(reason)) }},
            {{ dbt.string_literal(packages[name].packages | join(', ')) if name in packages else 'null' }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as hidden (schema_name, reason, packages)

)

select * from final
