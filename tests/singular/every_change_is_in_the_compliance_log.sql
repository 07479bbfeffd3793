with

changes as (

    select * from {{ ref('changes') }}

),

compliance_log as (

    select * from {{ ref('compliance_log') }}

)

select
    changes.change_id,
    changes.event_no
from changes
left join compliance_log on changes.change_id = compliance_log.change_id
where compliance_log.change_id is null
