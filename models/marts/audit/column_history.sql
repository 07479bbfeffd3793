with

object_history as (

    select * from {{ ref('object_history') }}

),

repairs as (

    select * from {{ ref('repairs') }}

),

-- what stands for a definition that nobody knows tells nothing of columns
table_changes as (

    select *
    from object_history
    where
        object_type in ('TABLE', 'FOREIGN TABLE', 'PARTITION')
        and renamed_to is null
        and old_definition is distinct from new_definition
        and (old_definition is null or {{ definition_object_type('old_definition') }} in ('TABLE', 'FOREIGN TABLE'))
        and (new_definition is null or {{ definition_object_type('new_definition') }} in ('TABLE', 'FOREIGN TABLE'))

),

final as (

    select
        table_changes.event_no,
        table_changes.branch_name,
        table_changes.object_schema,
        table_changes.object_name,
        table_changes.object_identity,
        table_changes.object_id,
        columns.column_name,
        columns.what,
        columns.old_name,
        columns.old_type,
        columns.new_type,
        columns.old_default,
        columns.new_default,
        columns.old_is_nullable,
        columns.new_is_nullable,
        table_changes.author,
        table_changes.committed_at,
        table_changes.commit_message,
        table_changes.commit_sha,
        table_changes.origin,
        table_changes.fidelity,
        table_changes.verified,
        table_changes.change_id
    from table_changes
    cross join lateral {{ function('column_changes').include(database=false) }}(
        table_changes.old_definition,
        table_changes.new_definition,
        -- v1 leaves a row for a column that is added or dropped, and none for one that is renamed
        case
            when
                table_changes.origin <> 'inferred'
                and not exists (
                    select from repairs
                    where
                        repairs.change_id = table_changes.change_id
                        and repairs.rule in ('renamed_column', 'foreseen_rename')
                )
                then '{}'::jsonb
        end
    ) as columns

)

select * from final
