{% test expect_table_row_count_to_equal_other_table(
    model,
    compare_model,
    group_by=None,
    compare_group_by=None,
    factor=1,
    row_condition=None,
    compare_row_condition=None
) %}
    {%- set groups = group_by or [] -%}
    {%- set compare_groups = compare_group_by or groups %}
with counted as (
    {{ dbt_expectations.counted_rows(model, groups, row_condition) }}
),

compared as (
    {{ dbt_expectations.counted_rows(compare_model, compare_groups, compare_row_condition) }}
)

select
    counted.total,
    compared.total * {{ factor }} as compared_total
from counted
full join compared
    on counted.grouped = compared.grouped
where counted.total is distinct from compared.total * {{ factor }}
{% endtest %}

{% macro counted_rows(model, groups, row_condition=None) %}
    select
        {{ "row(" ~ groups | join(", ") ~ ")::text" if groups else "''" }} as grouped,
        count(*) as total
    from {{ model }}
    {%- if row_condition %}
    where {{ row_condition }}
    {%- endif %}
    {{- "\n    group by " ~ groups | join(", ") if groups }}
{% endmacro %}
