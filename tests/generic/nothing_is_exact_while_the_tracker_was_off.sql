{% test nothing_is_exact_while_the_tracker_was_off(model, pauses) %}

with

changes as (

    select * from {{ model }}
    where fidelity = 'exact'

),

pauses as (

    select * from {{ pauses }}

)

select
    changes.change_id,
    changes.object_identity,
    changes.committed_at,
    pauses.began_at,
    pauses.ended_at
from changes
inner join pauses
    on
        changes.committed_at >= pauses.began_at
        and changes.committed_at < coalesce(pauses.ended_at, 'infinity')

{% endtest %}
