{% test expect_column_values_to_be_in_set(model, column_name, value_set, quote_values=True, row_condition=None) %}
    {%- set literals = [] -%}
    {%- for value in value_set -%}
        {%- do literals.append("cast('" ~ value ~ "' as text)" if quote_values else value) -%}
    {%- endfor -%}
    {#- a null is in no set -#}
    {%- set expression = "coalesce(" ~ column_name ~ " in (" ~ literals | join(", ") ~ "), false)" -%}
    {{ dbt_expectations.rows_failing(model, expression, row_condition) }}
{% endtest %}
