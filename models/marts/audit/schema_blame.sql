with recursive

changes as not materialized (

    select * from {{ ref('changes') }}

),

current_objects as (

    select * from {{ ref('current_objects') }}

),

object_history as not materialized (

    select * from {{ ref('object_history') }}
    where renamed_to is null and old_definition is distinct from new_definition

),

{{ branch_lineage_ctes('changes') }},

-- with the branch as its changes name it
living as not materialized (

    select
        current_objects.*,
        changes.branch_name as own_branch_name
    from current_objects
    inner join changes on current_objects.change_id = changes.change_id

),

table_blame as (

    select
        living.branch_name,
        living.object_schema,
        living.object_name,
        living.object_identity,
        living.object_id,
        case when elements.is_constraint then 'CONSTRAINT' else 'COLUMN' end as part_type,
        elements.element_name as part_name,
        elements.element_definition as definition,
        elements.what,
        elements.change_id
    from living
    cross join lateral {{ function('element_blame').include(database=false) }}(
        living.object_id, living.own_branch_name, living.definition
    ) as elements
    where living.object_type in ('TABLE', 'FOREIGN TABLE', 'PARTITION')

),

-- all that is no table: an index, a trigger, a policy, a rule with the table that it is on
object_blame as (

    select
        living.branch_name,
        coalesce({{ unquoted('tables.parts[1]') }}, living.object_schema) as object_schema,
        coalesce({{ unquoted('tables.parts[2]') }}, living.object_name) as object_name,
        coalesce(tables.parts[1] || '.' || tables.parts[2], living.object_identity) as object_identity,
        living.object_id,
        living.object_type as part_type,
        living.object_name as part_name,
        living.definition,
        case
            when last_changes.renamed_from is not null then 'renamed'
            when last_changes.old_definition is null then 'added'
            else 'altered'
        end as what,
        last_changes.change_id
    from living
    left join lateral (
        select regexp_match(
            case
                when living.object_type in ('TRIGGER', 'POLICY', 'RULE') then living.object_identity
                when living.object_type = 'INDEX' then living.definition
            end,
            ' (?:on|ON|on only|ON ONLY) ("(?:[^"]|"")*"|[\w$]+)\.("(?:[^"]|"")*"|[\w$]+)'
        ) as parts
    ) as tables on true
    left join lateral (
        select
            object_history.change_id,
            object_history.renamed_from,
            object_history.old_definition
        from object_history
        inner join lineage
            on
                object_history.branch_name = lineage.ancestor_name
                and living.own_branch_name = lineage.branch_name
                and (lineage.last_event_no is null or object_history.event_no <= lineage.last_event_no)
        where object_history.object_id = living.object_id
        order by lineage.distance, object_history.event_no desc
        limit 1
    ) as last_changes on true
    where living.object_type not in ('TABLE', 'FOREIGN TABLE', 'PARTITION')

),

blame as (

    select * from table_blame

    union all

    select * from object_blame

),

final as (

    select
        blame.branch_name,
        blame.object_schema,
        blame.object_name,
        blame.object_identity,
        blame.part_type,
        blame.part_name,
        blame.definition,
        blame.what,
        changes.author,
        changes.committed_at,
        changes.commit_message,
        changes.commit_sha,
        changes.origin,
        changes.fidelity,
        changes.verified,
        changes.event_no,
        blame.change_id,
        blame.object_id
    from blame
    left join changes on blame.change_id = changes.change_id

)

select * from final
