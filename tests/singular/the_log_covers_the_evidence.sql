with

compliance_log as (

    select
        change_id,
        substring(verification_notes from 'Digest of its evidence: ([0-9a-f]{16})[.]$') as logged_digest
    from {{ ref('compliance_log') }}
    where verified_by = 'dbt build' and change_id is not null

),

evidence as (

    {{ audit_evidence_digests(ref('changes'), ref('repairs'), ref('findings')) }}

)

select
    compliance_log.change_id,
    compliance_log.logged_digest,
    evidence.digest
from compliance_log
left join evidence on compliance_log.change_id = evidence.change_id
where compliance_log.logged_digest is distinct from evidence.digest
