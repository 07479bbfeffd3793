declare
    passed bigint;
begin
    {{ verifier_is_named() }}

    if not exists (
        select from {{ ref('repairs').include(database=false) }} as r
        where r.cause_id = verify_cause.cause_id
    ) then
        raise exception 'There is no cause %. Nothing was logged.', coalesce(cause_id::text, 'NULL') using
            errcode = 'no_data_found',
            hint = 'Those that wait: select cause_id, what_to_look_at from {{ ref("causes").include(database=false) | replace("'", "''") }} where changes_waiting > 0;';
    end if;

    -- a note has entries
    if not exists (
        select from {{ ref('changes').include(database=false) }} as c
        inner join {{ ref('repairs').include(database=false) }} as r on c.change_id = r.change_id
        where r.cause_id = verify_cause.cause_id and not c.verified
    ) then
        return 0;
    end if;

    {{ note_verification() }}

    -- What could not be replayed, or contradicts its row, rests on more than its causes: a person judges it by itself.
    with judged as (
        select j.cause_id from ({{ judged_causes(ref('compliance_log').include(database=false)) }}) as j
        union
        select verify_cause.cause_id
    ),

    logged as (
        insert into {{ ref('compliance_log').include(database=false) }} as l
            (change_id, verified_by, verification_status, verification_notes, cause_id)
        select
            c.change_id,
            verify_cause.verified_by,
            case
                when
                    c.fidelity = 'repaired'
                    and not exists (
                        select from {{ ref('repairs').include(database=false) }} as r
                        where
                            r.change_id = c.change_id
                            and (r.cause_id is null or r.cause_id not in (select judged.cause_id from judged))
                    )
                    then 'PASSED'
                else 'PENDING'
            end,
            'Cause ' || verify_cause.cause_id || ' judged'
            || coalesce(': ' || nullif(btrim(verify_cause.notes), ''), '.'),
            verify_cause.cause_id
        from {{ ref('changes').include(database=false) }} as c
        where
            not c.verified
            and exists (
                select from {{ ref('repairs').include(database=false) }} as r
                where r.change_id = c.change_id and r.cause_id = verify_cause.cause_id
            )
        order by c.event_no
        returning l.verification_status
    )

    select count(*) filter (where logged.verification_status = 'PASSED')
    into passed
    from logged;

    return passed;
end;
