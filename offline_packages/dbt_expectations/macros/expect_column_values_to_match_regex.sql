{% test expect_column_values_to_match_regex(
    model, column_name, regex, row_condition=None, is_raw=False, flags=""
) %}
    {#- a null matches nothing; is_raw has no meaning in PostgreSQL -#}
    {%- set pattern = "(?" ~ flags ~ ")" ~ regex if flags else regex -%}
    {%- set expression = "coalesce(" ~ column_name ~ " ~ '" ~ pattern ~ "', false)" -%}
    {{ dbt_expectations.rows_failing(model, expression, row_condition) }}
{% endtest %}
