#variable_conflict use_column
begin
    return query
    with

    old_list as materialized (

        select
            element_no as column_no,
            element_name as column_name,
            column_type,
            column_default,
            is_nullable
        from {{ function('table_elements').include(database=false) }}(old_definition)
        where not is_constraint

    ),

    new_list as materialized (

        select
            element_no as column_no,
            element_name as column_name,
            column_type,
            column_default,
            is_nullable
        from {{ function('table_elements').include(database=false) }}(new_definition)
        where not is_constraint

    ),

    old_columns as (

        select
            *,
            count(*) filter (where is_kept) over (order by column_no) as kept_before,
            column_no > max(column_no) filter (where is_kept) over () as is_at_the_end
        from (
            select
                *,
                column_name in (select column_name from new_list) as is_kept
            from old_list
        ) as columns

    ),

    new_columns as (

        select
            *,
            count(*) filter (where is_kept) over (order by column_no) as kept_before
        from (
            select
                *,
                column_name in (select column_name from old_list) as is_kept
            from new_list
        ) as columns

    ),

    -- A new column goes to the end: one that is new in the place of an old one is the old one under another name. At the
    -- end itself a column may have been dropped and another one added.
    gone as (

        select
            *,
            row_number() over (partition by kept_before order by column_no) as place
        from old_columns
        where not is_kept

    ),

    come as (

        select
            *,
            row_number() over (partition by kept_before order by column_no) as place
        from new_columns
        where not is_kept

    ),

    renamed as (

        select
            gone.column_name as old_name,
            come.column_name as new_name
        from gone
        inner join come
            on
                known_renames ->> gone.column_name = come.column_name
                or (
                    gone.kept_before = come.kept_before
                    and gone.place = come.place
                    and gone.column_type is not distinct from come.column_type
                    and gone.is_nullable = come.is_nullable
                    and (known_renames is null or not coalesce(gone.is_at_the_end, true))
                    and not coalesce(known_renames ? gone.column_name, false)
                    and not exists (
                        select from jsonb_each_text(known_renames) as others
                        where others.value = come.column_name
                    )
                )

    ),

    pairs as (

        select
            old_columns.column_name as old_name,
            coalesce(renamed.new_name, case when old_columns.is_kept then old_columns.column_name end) as new_name
        from old_columns
        left join renamed on old_columns.column_name = renamed.old_name

        union all

        select
            null,
            come.column_name
        from come
        where not exists (select from renamed where renamed.new_name = come.column_name)

    )

    select
        coalesce(pairs.new_name, pairs.old_name),
        concat_ws(
            ', ',
            case when pairs.old_name is null then 'added' end,
            case when pairs.new_name is null then 'dropped' end,
            case when pairs.old_name <> pairs.new_name then 'renamed' end,
            case
                when
                    pairs.old_name is not null and pairs.new_name is not null
                    and old_columns.column_type is distinct from new_columns.column_type
                    then 'type'
            end,
            case
                when
                    pairs.old_name is not null and pairs.new_name is not null
                    and old_columns.column_default is distinct from new_columns.column_default
                    then 'default'
            end,
            case when old_columns.is_nullable <> new_columns.is_nullable then 'nullability' end
        ),
        pairs.old_name,
        old_columns.column_type,
        new_columns.column_type,
        old_columns.column_default,
        new_columns.column_default,
        old_columns.is_nullable,
        new_columns.is_nullable
    from pairs
    left join old_columns on pairs.old_name = old_columns.column_name
    left join new_columns on pairs.new_name = new_columns.column_name
    where
        pairs.old_name is distinct from pairs.new_name
        or old_columns.column_type is distinct from new_columns.column_type
        or old_columns.column_default is distinct from new_columns.column_default
        or old_columns.is_nullable is distinct from new_columns.is_nullable
    order by coalesce(new_columns.column_no, old_columns.column_no), pairs.new_name is null;
end;
