{% test v1_versions_end_as_v1_prints_them(model, column_name, history, objects) %}
{%- set columns = source_columns(objects) if execute and 'object_id' in source_columns(history) else {} %}
{%- if 'version_major' in columns %}

with

-- The rows that v1 gave a number, with what is said of them, split at the dots.
rows as (

    select
        history.id,
        history.object_id,
        history.new_version,
        history.change_severity::text as change_severity,
        changes.{{ column_name }} as printed,
        string_to_array(changes.{{ column_name }}, '.')::integer[] as parts,
        history.id in (select v1_version_id from {{ model }}) as is_judged,
        row_number() over first_to_last as place,
        row_number() over last_to_first as place_from_the_end
    from {{ history }} as history
    inner join {{ with_published(model, 'changes', 'change_id') }} as changes on history.id = changes.v1_version_id
    where history.new_version is not null
    window
        first_to_last as (partition by history.object_id order by history.id, changes.{{ column_name }}),
        last_to_first as (
            partition by history.object_id order by history.id desc, changes.{{ column_name }} desc
        )

),

steps as (

    select
        rows.id,
        rows.printed,
        case rows.change_severity
            when 'MAJOR' then array[before.parts[1] + 1, 0, 0]
            when 'MINOR' then array[before.parts[1], before.parts[2] + 1, 0]
            when 'PATCH' then array[before.parts[1], before.parts[2], before.parts[3] + 1]
        end as expected
    from rows
    left join rows as previous_rows
        on rows.object_id = previous_rows.object_id
        and rows.place = previous_rows.place + 1
    cross join lateral (
        select case when rows.new_version = 2 then array[1, 0, 0] else previous_rows.parts end as parts
    ) as before
    where
        rows.is_judged
        and rows.new_version = coalesce(previous_rows.new_version, 1) + 1

),

ends as (

    select
        rows.id,
        rows.printed,
        array[objects.version_major, objects.version_minor, objects.version_patch] as expected
    from rows
    inner join {{ objects }} as objects on rows.object_id = objects.id
    -- rows that were erased after this one, or before it, leave nothing to compare with
    where
        rows.is_judged
        and rows.place_from_the_end = 1
        and rows.new_version = objects.version
        and (rows.printed is not null or rows.place = objects.version - 1)

),

-- What v1 gave no number: its drops, and what it has no row for.
strays as (

    select
        changes.v1_version_id as id,
        changes.{{ column_name }} as printed,
        null::integer[] as expected
    from {{ model }} as changes
    left join {{ history }} as history on changes.v1_version_id = history.id
    where
        (changes.{{ column_name }} is not null and history.id is not null and history.new_version is null)
        or (
            changes.v1_version_id is null
            and (changes.{{ column_name }} is not null or changes.v1_version is not null)
        )

)

select * from strays
union all
select * from steps
where printed <> array_to_string(expected, '.')
union all
select * from ends
where printed is distinct from array_to_string(expected, '.')

{%- else %}

-- The plan's layout has no versions.
select 1 as version
where false

{%- endif %}

{% endtest %}
