select
    change_id,
    event_no,
    object_identity
from {{ ref('changes') }}
where change_type = 'DROP' and new_definition is not null
