with

changes as (

    select * from {{ ref('changes') }}

),

compliance_log as (

    select * from {{ ref('compliance_log') }}
    where verified_by = 'dbt build'

)

select
    changes.change_id,
    changes.event_no,
    changes.fidelity,
    compliance_log.verification_status
from changes
inner join compliance_log on changes.change_id = compliance_log.change_id
where (changes.fidelity = 'exact') <> (compliance_log.verification_status = 'PASSED')
