{% test expect_compound_columns_to_be_unique(
    model, column_list, quote_columns=False, ignore_row_if="all_values_are_missing", row_condition=None
) %}
    {%- set columns = [] -%}
    {%- for column in column_list -%}
        {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor -%}
    {%- set nulls = [] -%}
    {%- for column in columns -%}{%- do nulls.append(column ~ " is null") -%}{%- endfor -%}
    {%- set words = {"all_values_are_missing": " and ", "any_value_is_missing": " or ", "never": none} -%}
    {%- if ignore_row_if not in words -%}
        {{ exceptions.raise_compiler_error("ignore_row_if may be " ~ words.keys() | join(", ")) }}
    {%- endif %}
select
    {{ columns | join(", ") }},
    count(*) as n_records
from {{ model }}
where true
    {%- if words[ignore_row_if] %}
    and not ({{ nulls | join(words[ignore_row_if]) }})
    {%- endif %}
    {%- if row_condition %}
    and ({{ row_condition }})
    {%- endif %}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}

{% test expect_column_values_to_be_unique(model, column_name, row_condition=None) %}
    {{ dbt_expectations.test_expect_compound_columns_to_be_unique(
        model, [column_name], row_condition=row_condition
    ) }}
{% endtest %}
