declare
    entry uuid;
begin
    {{ verifier_is_named() }}

    if not exists (
        select from {{ ref('changes').include(database=false) }} as c
        where c.change_id = verify_change.change_id
    ) then
        raise exception 'There is no change %. Nothing was logged.', coalesce(change_id::text, 'NULL') using
            errcode = 'no_data_found',
            hint = 'The changes that wait: select change_id, object_identity from {{ ref("unverified_changes").include(database=false) | replace("'", "''") }};';
    end if;

    {{ note_verification() }}

    -- The log's triggers number and hash the entry, and raise verified on the change.
    insert into {{ ref('compliance_log').include(database=false) }} as l
        (change_id, verified_by, verification_status, verification_notes)
    values (verify_change.change_id, verify_change.verified_by, verify_change.verification_status, verify_change.notes)
    returning l.log_id into entry;

    return entry;
end;
