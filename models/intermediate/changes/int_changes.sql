with recursive

events as (

    select * from {{ ref('int_replay__events') }}

),

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

commits as (

    select * from {{ ref('int_git__commits') }}

),

native_changes as (

    select * from {{ ref('int_native__changes') }}

),

history as (

    select * from {{ ref('stg_pggit__history') }}

),

late_rows as (

    select * from {{ ref('int_replay__late_rows') }}

),

published_changes as (

    select coalesce(max(event_no), 0) as last_event_no
    from {{ published('changes') }} as changes

),

replayed as (

    select
        row_number() over (order by events.event_seq) as position,
        case events.origin
            when 'v1' then 'v1:' || events.v1_version_id
            else
                'inferred:' || coalesce(
                    events.anchor_version_id::text,
                    -- a reconciliation has no history row, but it is the only one on its parent
                    'reconcile:' || events.branch_name || ':' || coalesce(commits.parent_shas[1], 'root')
                )
                || ':' || events.object_identity
                || ':' || row_number() over (
                    partition by
                        events.origin, commits.commit_no, events.anchor_version_id, events.object_identity
                    order by events.event_seq
                )
        end as natural_key,
        events.origin,
        events.v1_version_id,
        commits.commit_sha,
        commits.parent_shas[1] as parent_commit_sha,
        events.branch_name,
        events.object_schema,
        events.object_name,
        events.object_type,
        events.object_identity,
        events.change_type,
        events.change_severity,
        events.old_definition,
        events.new_definition,
        events.author,
        events.committed_at,
        events.commit_message,
        events.fidelity,
        events.renamed_from,
        events.event_seq,
        events.anchor_version_id,
        events.repairs,
        events.findings
    from event_commits
    inner join events on event_commits.event_seq = events.event_seq
    inner join commits on event_commits.commit_no = commits.commit_no

),

native as (

    select
        (select count(*) from replayed)
            + row_number() over (order by generation, committed_at, commit_sha, object_identity) as position,
        'v0:' || commit_sha || ':' || object_identity as natural_key,
        'v0' as origin,
        null::bigint as v1_version_id,
        commit_sha,
        parent_commit_sha,
        branch_name,
        object_schema,
        object_name,
        object_type,
        object_identity,
        change_type,
        null as change_severity,
        old_definition,
        new_definition,
        author,
        committed_at,
        commit_message,
        'exact' as fidelity,
        null::text as renamed_from,
        null::bigint as event_seq,
        null::bigint as anchor_version_id,
        null::jsonb as repairs,
        null::jsonb as findings
    from native_changes

),

combined as (

    select * from replayed

    union all

    select * from native

),

numbered as (

    select
        combined.*,
        md5(combined.natural_key)::uuid as change_id,
        published_changes.last_event_no + combined.position as event_no
    from combined
    cross join published_changes

),

{{ object_id_ctes(
    'numbered', published_with_object_ids(), "origin = 'v0' or (origin = 'inferred' and anchor_version_id is null)"
) }},

final as (

    select
        numbered.change_id,
        numbered.event_no,
        numbered.origin,
        numbered.v1_version_id,
        history.v1_version,
        history.v1_version_string,
        identified.object_id,
        numbered.commit_sha,
        numbered.parent_commit_sha,
        numbered.branch_name,
        numbered.object_schema,
        numbered.object_name,
        numbered.object_type,
        numbered.object_identity,
        numbered.change_type,
        case
            when numbered.origin = 'v1' then numbered.change_severity
            else {{ change_severity(
                'numbered.change_type', 'numbered.object_type', 'numbered.old_definition', 'numbered.new_definition'
            ) }}
        end as change_severity,
        numbered.old_definition,
        numbered.new_definition,
        numbered.author,
        numbered.committed_at,
        numbered.commit_message,
        numbered.origin <> 'v0' as backfilled_from_v1,
        false as verified,
        numbered.fidelity,
        numbered.event_seq,
        numbered.anchor_version_id,
        numbered.repairs,
        case
            when late_rows.version_id is null then numbered.findings
            else coalesce(numbered.findings, '[]') || jsonb_build_array(jsonb_build_object(
                'code', 'late_row',
                'message', 'Rows with higher ids were published before this one was there. ' || case
                    when late_rows.was_put_in
                        then 'The transaction that wrote it began only after that build: somebody put it in under an id that v1 had passed.'
                    when not late_rows.was_put_in then 'The transaction that wrote it began before that build, and ended late.'
                    else 'A transaction that ended late leaves such a row; so does somebody who puts it in.'
                end
            ))
        end as findings
    from numbered
    left join identified on numbered.change_id = identified.change_id
    left join history on numbered.v1_version_id = history.version_id
    left join late_rows on numbered.v1_version_id = late_rows.version_id

)

select * from final
