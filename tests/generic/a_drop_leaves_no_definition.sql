{% test a_drop_leaves_no_definition(model) %}

select
    change_id,
    event_no,
    object_identity
from {{ model }}
where change_type = 'DROP' and new_definition is not null

{% endtest %}
