with

changes as (

    select * from {{ ref('changes') }}

),

passed as (

    select distinct change_id from {{ ref('compliance_log') }}
    where verification_status = 'PASSED'

)

select
    changes.change_id,
    changes.event_no,
    changes.verified
from changes
left join passed on changes.change_id = passed.change_id
where changes.verified <> (passed.change_id is not null)
