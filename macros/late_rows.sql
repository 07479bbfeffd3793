{#-
  Rows of v1's history that came late: builds have published rows with higher ids, and these were not there then. Whoever had
  begun before such a build and ended after it leaves them; whoever chooses an id leaves them, too. v1 draws its ids one by one,
  and never before its transaction has an id of its own: so a transaction that began after the build wrote no such row unasked.
-#}

{#- As a query: version_id, was_put_in (null where the ids of transactions do not say). -#}
{% macro late_rows() %}
    {%- set history = source('pggit', 'history') -%}
    {%- set columns = source_columns(history) -%}
    {%- set key = columns.keys() | select('in', ['id', 'version_id']) | first -%}
    with

    history_rows as (

        {{ history_rows() }}

    ),

    published_rows as (

        select changes.v1_version_id
        from {{ published('changes') }} as changes
        where changes.v1_version_id is not null

        union all

        select excluded_history.v1_version_id
        from {{ published('excluded_history') }} as excluded_history

        union all

        -- what somebody took out of these was published all the same
        select entries.v1_version_id
        from {{ published('compliance_log') }} as entries
        where entries.v1_version_id is not null

    ),

    last_row as (

        select max(v1_version_id) as version_id from published_rows

    ),

    published_at as (

        select
            entries.verified_at,
            max(entries.v1_version_id) as last_version_id
        from {{ published('compliance_log') }} as entries
        where entries.verified_by = 'dbt build' and entries.v1_version_id is not null
        group by entries.verified_at

    ),

    -- the transactions that published, each with the last row that was there by then; none in a restored copy
    builds as (

        select
            notes.transaction_id,
            published_at.last_version_id
        from published_at
        inner join {{ own_transactions() }} as notes
            on {{ is_same_moment('published_at.verified_at', 'notes.began_at') }}
            and notes.xmin::text::bigint = notes.transaction_id % 4294967296
        where
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint - notes.transaction_id < 2147483648
            -- a session that draws several ids at once has them from before
            and exists (
                select from pg_sequence
                where
                    seqrelid = to_regclass(pg_get_serial_sequence({{ dbt.string_literal(history.include(database=false)) }}, '{{ key }}'))
                    and seqcache = 1
            )

    )

    select
        history_rows.trail_id as version_id,
        (
            select
                (history_rows.trail_transaction_id - min(builds.transaction_id) % 4294967296 + 4294967296) % 4294967296
                between 1 and 2147483647
            from builds
            where builds.last_version_id > history_rows.trail_id
        ) as was_put_in
    from history_rows
    inner join last_row on history_rows.trail_id < last_row.version_id
    where not exists (select from published_rows where published_rows.v1_version_id = history_rows.trail_id)
{% endmacro %}


{#- For on-run-start: afterwards, only the findings tell which rows these are. -#}
{% macro say_which_rows_came_late() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') and is_published('changes') and is_published('excluded_history')
        and is_published('compliance_log') -%}
        {%- set rows = run_query(late_rows() ~ " order by was_put_in desc nulls last, version_id").rows -%}
        {%- if rows -%}
            {%- set put_in = rows | selectattr('was_put_in') | list -%}
            {%- do exceptions.warn(
                rows | length ~ ' row(s) of v1\'s history came after rows with higher ids were published, the first of them '
                ~ rows[0]['version_id'] ~ '. '
                ~ (put_in | length ~ ' of them were put in under ids that v1 had passed: the transactions that wrote them began only after '
                    ~ 'that build. Find out who did so, before you rely on them. ' if put_in else
                    'A transaction that ended late leaves such rows; so does somebody who puts them in. ')
                ~ 'They are published as what came last, each with the finding late_row.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
