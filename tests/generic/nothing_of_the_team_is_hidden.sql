{#- Schemas in which dbt builds now, and those in which it did when the model was built. -#}
{% test nothing_of_the_team_is_hidden(model, history, own_transactions) %}

{%- set hidden -%}
    {{ schemas_of_packages_query() }}

        union

        select built.schema_name
        from {{ model }} as built
        where
            built.packages is not null
            and built.schema_name <> all (
                select jsonb_array_elements_text({{ dbt.string_literal(dbt.escape_single_quotes(tojson(_schemas_of_others().keys() | list))) }}::jsonb)
            )
{%- endset -%}
{%- set rows -%}
    select
            object_schema as schema_name,
            version_id,
            created_at
        from {{ history }}
        where not is_made_by_a_build
{%- endset -%}

{{ others_in_schemas_of_dbt(hidden, names_of_nodes_query(), own_transactions, published('changes'), rows) }}

{% endtest %}
