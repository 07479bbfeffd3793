{% macro rows_failing(model, expression, row_condition=None) %}
select *
from {{ model }}
where not ({{ expression }})
    {%- if row_condition %}
    and ({{ row_condition }})
    {%- endif %}
{% endmacro %}
