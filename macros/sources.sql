{#- What the two systems' tables really look like here: pgGit v1 and pggit_v0 exist in more than one layout. -#}

{% macro source_columns(relation, required=true) %}
    {#- Asked of the catalog: information_schema hides what a role may not read, and that would pass for missing. -#}
    {%- if not execute -%}{{ return({}) }}{%- endif -%}
    {%- do adapter.refuse_others_code([[relation.schema, relation.identifier]]) -%}
    {%- set found = adapter.run_once(_source_facts_sql(relation)).rows[0] -%}
    {%- set table = relation.schema ~ '.' ~ relation.identifier -%}
    {%- if not found['schema_exists'] -%}
        {%- do _source_error(
            'There is no schema ' ~ relation.schema ~ ' in database ' ~ relation.database ~ '.',
            'Check the database name of this target, or name the schema in the variables pggit_schema and pggit_v0_schema.'
        ) -%}
    {%- elif not found['schema_usable'] -%}
        {%- do _source_error(
            'Role ' ~ found['role'] ~ ' may not look into schema ' ~ relation.schema ~ '.',
            'As its owner: grant usage on schema ' ~ relation.schema ~ ' to "' ~ found['role'] ~ '";'
        ) -%}
    {%- elif not found['table_exists'] -%}
        {%- if not required -%}{{ return(none) }}{%- endif -%}
        {%- do _source_error(
            'Schema ' ~ relation.schema ~ ' has no table ' ~ relation.identifier ~ '.',
            'Either the schema is another system, or its installation is incomplete.'
        ) -%}
    {%- elif not found['table_readable'] -%}
        {%- do _source_error(
            'Role ' ~ found['role'] ~ ' may not read ' ~ table ~ '.',
            'As its owner: grant select on all tables in schema ' ~ relation.schema ~ ' to "' ~ found['role'] ~ '";'
        ) -%}
    {%- elif found['hides_rows'] -%}
        {%- do _source_error(
            'Row security hides rows of ' ~ table ~ ' from role ' ~ found['role'] ~ ', and nothing may be missing from what is read.',
            'As a superuser: alter role "' ~ found['role'] ~ '" bypassrls; or as its owner: alter table ' ~ table ~ ' disable row level security;'
        ) -%}
    {%- endif -%}
    {{ return(fromjson(found['columns'])) }}
{% endmacro %}


{% macro pick_column(columns, table, candidates, default=none) %}
    {#- The first of the candidates that the table has; which of them exists tells the layout. -#}
    {%- for name in candidates if name in columns -%}{{ return(adapter.quote(name)) }}{%- endfor -%}
    {%- if default is not none or not execute -%}{{ return(default or 'null') }}{%- endif -%}
    {%- do _source_error(
        'Table ' ~ table ~ ' has no column ' ~ candidates | join(' or ') ~ '; it has ' ~ columns | join(', ') ~ '.',
        'This layout does not hold what the migration needs.'
    ) -%}
{% endmacro %}


{% macro require_columns(relation, names) %}
    {%- set columns = source_columns(relation) -%}
    {%- for name in names -%}
        {%- do pick_column(columns, relation.schema ~ '.' ~ relation.identifier, [name]) -%}
    {%- endfor -%}
{% endmacro %}


{% macro as_timestamp(columns, name) %}
    {#- A plain cast of timestamptz would depend on the session's time zone. -#}
    {%- if columns.get(name) == 'timestamp with time zone' -%}
        ({{ adapter.quote(name) }} at time zone 'UTC')
    {%- else -%}
        {{ adapter.quote(name) }}::timestamp
    {%- endif -%}
{% endmacro %}


{#- What the clock on the wall said at a moment (timestamptz) where it was noted. v1 notes the moment a second time, in
    jsonb, with the offset of its session's time zone; without that, the server's zone is as good as any. -#}
{% macro wall_clock(columns, moment, noted) %}
    {%- set moment = adapter.quote(moment) -%}
    {%- if columns.get(noted) != 'jsonb' -%}
        ({{ moment }} at time zone current_setting('TimeZone'))
    {%- else -%}
        coalesce(
            ({{ moment }} at time zone 'UTC') + substring(
                coalesce(
                    {%- for key in ['paused_at', 'resumed_at', 'disabled_at', 'enabled_at'] %}
                    {{ adapter.quote(noted) }} ->> '{{ key }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                ),
                'T.*([+-][01][0-9]:[0-5][0-9])$'
            )::interval,
            {{ moment }} at time zone current_setting('TimeZone')
        )
    {%- endif -%}
{% endmacro %}


{% macro _source_error(what, next_step) %}
    {%- do adapter.refuse(what ~ ' Nothing was changed. ' ~ next_step) -%}
{% endmacro %}


{% macro _source_facts_sql(relation) %}
    select
        current_user::text as "role",
        n.oid is not null as schema_exists,
        coalesce(has_schema_privilege(n.oid, 'usage'), false) as schema_usable,
        c.oid is not null as table_exists,
        coalesce(has_table_privilege(c.oid, 'select'), false) as table_readable,
        coalesce(row_security_active(c.oid), false) as hides_rows,
        (
            select coalesce(json_object_agg(a.attname, format_type(a.atttypid, null)), '{}')::text
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) as "columns"
    from (select {{ dbt.string_literal(relation.schema) }}::name as schema_name) as wanted
    left join pg_namespace as n on wanted.schema_name = n.nspname
    left join pg_class as c
        on n.oid = c.relnamespace
        and c.relname = {{ dbt.string_literal(relation.identifier) }}
        and c.relkind in ('r', 'p', 'v', 'm', 'f')
{% endmacro %}


{#- For the freshness of pggit_v0, in either of its layouts. -#}
{% macro last_commit_query() %}
    {%- set graph_source = source('pggit_v0', 'commit_graph') -%}
    {%- if source_columns(graph_source, required=false) -%}
        select max(committed_at)::timestamp from {{ graph_source }}
    {%- else -%}
        select max(timestamp)::timestamp from {{ graph_source.incorporate(path={'identifier': 'commits'}) }}
    {%- endif -%}
{% endmacro %}
