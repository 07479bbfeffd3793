{% test expect_column_values_to_be_between(
    model, column_name, min_value=None, max_value=None, row_condition=None, strictly=False
) %}
    {%- if min_value is none and max_value is none -%}
        {{ exceptions.raise_compiler_error("expect_column_values_to_be_between needs a min_value or a max_value") }}
    {%- endif -%}
    {%- set equal = "" if strictly else "=" -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}{%- do bounds.append(column_name ~ " >" ~ equal ~ " " ~ min_value) -%}{%- endif -%}
    {%- if max_value is not none -%}{%- do bounds.append(column_name ~ " <" ~ equal ~ " " ~ max_value) -%}{%- endif -%}
    {{ dbt_expectations.rows_failing(model, bounds | join(" and "), row_condition) }}
{% endtest %}
