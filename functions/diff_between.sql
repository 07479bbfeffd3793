begin
    return query
    with

    differences as (
        select
            d.*,
            old_objects.object_key as old_key,
            new_objects.object_key as new_key
        from {{ function('extract_changes_between_commits').include(database=false) }}(diff_between.old_sha, diff_between.new_sha) as d
        left join lateral {{ _object_of('d.object_identity', 'd.old_definition') }} as old_objects on d.old_definition is not null
        left join lateral {{ _object_of('d.object_identity', 'd.new_definition') }} as new_objects on d.new_definition is not null
    ),

    told as (
        select
            coalesce(n.object_schema, o.object_schema) as object_schema,
            coalesce(n.object_name, o.object_name) as object_name,
            coalesce(n.object_type, o.object_type) as object_type,
            coalesce(n.object_identity, o.object_identity) as object_identity,
            case when o.old_key is null then 'CREATE' when n.new_key is null then 'DROP' else 'ALTER' end as change_type,
            case when n.object_identity <> o.object_identity then o.object_identity end as renamed_from,
            o.old_definition,
            n.new_definition,
            coalesce(o.old_key, n.new_key) as object_key
        from (select * from differences where differences.old_key is not null) as o
        full join (select * from differences where differences.new_key is not null) as n on o.old_key = n.new_key
    )

    select
        told.object_schema,
        told.object_name,
        told.object_type,
        told.object_identity,
        told.change_type,
        told.renamed_from,
        columns.differences,
        {{ function('line_changes').include(database=false) }}(told.old_definition, told.new_definition)
    from told
    -- what the history knows of the names of its columns
    cross join lateral (
        with recursive
        steps as materialized (
            select h.event_no, h.old_name, h.column_name
            from {{ ref('column_history').include(database=false) }} as h
            where
                told.change_type = 'ALTER' and h.object_id::text = told.object_key
                and h.old_name <> h.column_name
        ),
        names as (
            select s.event_no, s.old_name, s.column_name from steps as s
            union all
            select s.event_no, names.old_name, s.column_name
            from names
            inner join steps as s on s.old_name = names.column_name and s.event_no > names.event_no
        )
        select jsonb_object_agg(names.old_name, names.column_name) as by_old_name
        from names
        where
            names.column_name in (
                select e.element_name
                from {{ function('table_elements').include(database=false) }}(told.new_definition) as e
            )
            and names.old_name not in (
                select e.element_name
                from {{ function('table_elements').include(database=false) }}(told.new_definition) as e
                where not e.is_constraint
            )
    ) as renames
    cross join lateral (
        select string_agg(
            case
                when c.what = 'added' then format('%s: added, %s', c.column_name, c.new_type)
                when c.what = 'dropped' then format('%s: dropped, was %s', c.column_name, c.old_type)
                else format('%s: ', c.column_name) || concat_ws(
                    '; ',
                    case when c.old_name <> c.column_name then 'renamed from ' || c.old_name end,
                    case when c.old_type <> c.new_type then format('type %s, was %s', c.new_type, c.old_type) end,
                    case
                        when c.old_default is distinct from c.new_default
                            then format('default %s, was %s', coalesce(c.new_default, 'none'), coalesce(c.old_default, 'none'))
                    end,
                    case
                        when c.old_is_nullable <> c.new_is_nullable
                            then case when c.new_is_nullable then 'may be null' else 'not null' end
                    end
                )
            end, e'\n' order by c.place
        ) as differences
        from {{ function('column_changes').include(database=false) }}(
            told.old_definition, told.new_definition, coalesce(renames.by_old_name, '{}')
        )
            with ordinality as c (
                column_name, what, old_name, old_type, new_type, old_default, new_default, old_is_nullable, new_is_nullable,
                place
            )
        where told.change_type = 'ALTER'
    ) as columns
    order by told.object_identity;
end;
