with

changes as (

    select * from {{ ref('changes') }}

),

repairs as (

    select * from {{ ref('repairs') }}

),

judgements as (

    select * from {{ ref('compliance_log') }}
    where cause_id is not null

)

select
    judgements.entry_no,
    judgements.change_id,
    judgements.cause_id,
    judgements.verification_status
from judgements
left join changes on judgements.change_id = changes.change_id
where
    not exists (
        select from repairs
        where
            repairs.change_id = judgements.change_id
            and repairs.cause_id = judgements.cause_id
    )
    or (
        judgements.verification_status = 'PASSED'
        and (
            changes.fidelity is distinct from 'repaired'
            or exists (
                select from repairs
                where
                    repairs.change_id = judgements.change_id
                    and not exists (
                        select from judgements as earlier
                        where
                            earlier.cause_id = repairs.cause_id
                            and earlier.entry_no <= judgements.entry_no
                    )
            )
        )
    )
