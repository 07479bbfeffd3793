{#- What v1 did not judge, the definitions tell: which kind of object, which kind of change, and how grave it is. -#}
{% test unrecorded_changes_follow_from_their_definitions(model) %}

with

changes as (

    select
        *,
        case
            when old_definition is null then 'CREATE'
            when new_definition is null then 'DROP'
            else 'ALTER'
        end as expected_type
    from {{ model }}
    where origin <> 'v1'

)

select
    change_id,
    event_no,
    object_identity
from changes
where
    old_definition is not distinct from new_definition
    or change_type <> expected_type
    or change_severity
    <> {{ change_severity('expected_type', 'object_type', 'old_definition', 'new_definition') }}
    or object_type <> {{ definition_object_type('new_definition') }}

{% endtest %}
