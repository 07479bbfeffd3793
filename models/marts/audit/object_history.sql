with

-- read by its indexes, wherever it stands
changes as not materialized (

    select * from {{ ref('changes') }}

),

object_versions as (

    select * from {{ ref('object_versions') }}

),

-- A rename is two changes: one of the new name, and one of the old name, which nothing has any more.
renames as (

    select
        changes.*,
        former.object_identity as renamed_from,
        later.object_identity as renamed_to,
        former.definition as former_definition
    from changes
    left join lateral (
        select
            others.object_identity,
            coalesce(others.new_definition, others.old_definition) as definition
        from changes as others
        where
            others.object_id = changes.object_id
            and others.branch_name = changes.branch_name
            and others.object_identity <> changes.object_identity
            and changes.new_definition is not null
            and (
                (changes.old_definition is null and others.event_no < changes.event_no)
                or (others.commit_sha = changes.commit_sha and others.new_definition is null)
            )
        order by others.event_no desc
        limit 1
    ) as former on true
    left join lateral (
        select others.object_identity
        from changes as others
        where
            others.object_id = changes.object_id
            and others.branch_name = changes.branch_name
            and others.object_identity <> changes.object_identity
            and others.new_definition is not null
            and changes.new_definition is null
            and changes.origin <> 'v1'
            and (others.event_no > changes.event_no or others.commit_sha = changes.commit_sha)
        order by others.event_no
        limit 1
    ) as later on true

),

intervals as (

    select
        change_id,
        max(not_before) as not_before,
        min(not_after) as not_after
    from {{ ref('repairs') }}
    group by change_id

),

final as (

    select
        renames.object_schema,
        renames.object_name,
        renames.object_type,
        renames.object_identity,
        object_versions.version_number,
        renames.v1_version,
        renames.v1_version_string,
        renames.event_no,
        renames.branch_name,
        case
            when renames.origin <> 'v1' and coalesce(renames.renamed_from, renames.renamed_to) is not null then 'ALTER'
            else renames.change_type
        end as change_type,
        case
            when renames.origin = 'v1' then renames.change_severity
            when renames.renamed_to is not null then 'PATCH'
            when renames.renamed_from is not null and renames.old_definition is null then
                {{ change_severity(
                    "'ALTER'", 'renames.object_type',
                    definition_without_name('renames.former_definition', 'renames.renamed_from'),
                    definition_without_name('renames.new_definition', 'renames.object_identity')
                ) }}
            else renames.change_severity
        end as change_severity,
        renames.author,
        renames.committed_at,
        renames.commit_message,
        renames.commit_sha,
        renames.origin,
        renames.fidelity,
        renames.verified,
        case when renames.origin = 'inferred' then intervals.not_before else renames.committed_at end as not_before,
        case when renames.origin = 'inferred' then intervals.not_after else renames.committed_at end as not_after,
        coalesce(renames.old_definition, renames.former_definition) as old_definition,
        renames.new_definition,
        coalesce(object_versions.is_current, false) as is_current,
        renames.change_id,
        renames.object_id,
        renames.renamed_from,
        renames.renamed_to
    from renames
    left join object_versions on renames.change_id = object_versions.change_id
    left join intervals on renames.change_id = intervals.change_id

)

select * from final
