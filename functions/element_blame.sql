#variable_conflict use_column
begin
    return query
    with recursive

    changes as (

        select * from {{ ref('changes').include(database=false) }}

    ),

    {{ branch_lineage_ctes('changes') | indent(4) }},

    history as materialized (

        select
            object_history.change_id,
            object_history.old_definition,
            object_history.new_definition,
            row_number() over (order by lineage.distance, object_history.event_no desc) as recency
        from {{ ref('object_history').include(database=false) }} as object_history
        inner join lineage
            on
                object_history.branch_name = lineage.ancestor_name
                and (lineage.last_event_no is null or object_history.event_no <= lineage.last_event_no)
        where
            object_history.object_id = element_blame.object_id
            and lineage.branch_name = element_blame.branch_name
            and object_history.renamed_to is null
            and object_history.old_definition is distinct from object_history.new_definition

    ),

    columns as materialized (

        select
            column_history.change_id,
            column_history.column_name,
            column_history.what
        from {{ ref('column_history').include(database=false) }} as column_history
        where column_history.object_id = element_blame.object_id

    ),

    constraints as materialized (

        select
            history.change_id,
            differences.constraint_name,
            differences.what
        from history
        cross join lateral (
            select
                coalesce(behind.element_name, before.element_name) as constraint_name,
                case when before.element_name is null then 'added' else 'altered' end as what
            from (
                select parts.element_name, parts.element_definition
                from {{ function('table_elements').include(database=false) }}(history.old_definition) as parts
                where parts.is_constraint
            ) as before
            full join (
                select parts.element_name, parts.element_definition
                from {{ function('table_elements').include(database=false) }}(history.new_definition) as parts
                where parts.is_constraint
            ) as behind on before.element_name = behind.element_name
            where before.element_definition is distinct from behind.element_definition
        ) as differences

    )

    select distinct on (elements.element_no)
        elements.is_constraint,
        elements.element_name,
        elements.element_definition,
        blame.what,
        blame.change_id
    from {{ function('table_elements').include(database=false) }}(element_blame.definition) as elements
    left join (
        select
            false as is_constraint,
            columns.column_name as element_name,
            columns.what,
            columns.change_id,
            history.recency
        from columns
        inner join history on columns.change_id = history.change_id

        union all

        select
            true,
            constraints.constraint_name,
            constraints.what,
            constraints.change_id,
            history.recency
        from constraints
        inner join history on constraints.change_id = history.change_id
    ) as blame on elements.is_constraint = blame.is_constraint and elements.element_name = blame.element_name
    order by elements.element_no, blame.recency;
end;
