{% test is_as_v1_recorded(model, column_name, history, recorded_as) %}

select
    changes.v1_version_id,
    changes.{{ column_name }},
    history.{{ recorded_as }} as recorded
from {{ model }} as changes
inner join {{ history }} as history on changes.v1_version_id = history.version_id
where changes.{{ column_name }} is distinct from history.{{ recorded_as }}

{% endtest %}
