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

select
    schema_name,
    what
from (
    {{ others_in_schemas_of_dbt(hidden, names_of_nodes_query(), own_transactions, published('changes'), rows) }}
) as others

union all

-- what the monitor and `pggit-audit rebuild` leave out of the live catalog
select
    coalesce(built.schema_name, known.schema_name),
    case
        when known.schema_name is null then 'it is hidden, and no configuration of the project says so'
        else 'it is not hidden, as the configuration of the project says'
    end
from (select schema_name from {{ model }} where packages is null and schema_name is not null) as built
full join jsonb_array_elements_text(
    {{ dbt.string_literal(dbt.escape_single_quotes(tojson(_schemas_of_others().keys() | list))) }}::jsonb
) as known (schema_name) on built.schema_name = known.schema_name
where built.schema_name is null or known.schema_name is null

{% endtest %}
