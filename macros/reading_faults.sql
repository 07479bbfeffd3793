{#-
  Views and functions of the audit layer through which people read, and the views through which the gate itself reads,
  against what the project would make now: it is made once more as a temporary object, which nobody else sees, and
  PostgreSQL prints both. `nodes` are those that the test may ref(), which dbt has to know when it parses.
  Of tables without guards that are theirs alone: what else would hide or bring rows.
-#}
{% macro reading_faults(nodes) %}
    {#- What only compiles judges nothing, and may come before there is anything to make a view of. -#}
    {%- set judges = execute and flags.WHICH not in ['compile', 'generate', 'list', 'parse', 'show'] -%}
    {%- set expected = {'views': [], 'functions': [], 'tables': []} -%}
    {%- set missing = [] -%}
    {%- for node in (graph.nodes.values() if judges else [])
        if node.resource_type == 'model' and node.package_name == project_name and node.config.materialized == 'view' -%}
        {%- if node.name not in nodes -%}
            {%- do missing.append(node.name) -%}
        {%- else -%}
            {%- do expected.views.append(_expected_view(node)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for node in (graph.nodes.values() if judges else [])
        if node.resource_type == 'model' and node.package_name == project_name and node.config.materialized == 'table'
            and not node.config.meta.get('guard') -%}
        {%- do expected.tables.append({'schema_name': node.schema, 'name': node.alias}) -%}
    {%- endfor -%}
    {%- for node in (graph.functions.values() if judges else []) if node.package_name == project_name -%}
        {%- do expected.functions.append(_expected_function(node)) -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error('The list of models in this test lacks ' ~ missing | join(', ') ~ '.') -%}
    {%- endif -%}

    with

    expected_views as (

        select * from jsonb_to_recordset($json${{ tojson(expected.views) }}$json$::jsonb)
            as views (schema_name text, name text, definition text, columns text)

    ),

    expected_functions as (

        select * from jsonb_to_recordset($json${{ tojson(expected.functions) }}$json$::jsonb)
            as functions (schema_name text, name text, definition text, arguments text, is_definer boolean)

    ),

    builder as (

        select relowner as owner from pg_class
        where oid = to_regclass('{{ own_transactions() }}')

    ),

    expected_tables as (

        select * from jsonb_to_recordset($json${{ tojson(expected.tables) }}$json$::jsonb)
            as tables (schema_name text, name text)

    ),

    -- what such a table may not have
    table_faults as (

        select
            pg_class.oid,
            case
                when pg_class.relowner <> builder.owner then 'It belongs to ' || pg_get_userbyid(pg_class.relowner) || '.'
                when pg_class.relhastriggers then 'It has a trigger.'
                when pg_class.relrowsecurity or exists (select from pg_policy where polrelid = pg_class.oid)
                    then 'Row security hides rows.'
                when exists (select from pg_rewrite where ev_class = pg_class.oid) then 'It has a rule.'
                when exists (select from pg_inherits where inhparent = pg_class.oid)
                    then 'A child table adds rows of its own.'
                when exists (
                    select from aclexplode(pg_class.relacl) as rights
                    where
                        rights.grantee <> pg_class.relowner
                        and rights.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
                ) then 'Others may write to it.'
            end as fault
        from pg_class
        cross join builder
        where pg_class.relkind = 'r'

    ),

    found_views as (

        select
            pg_namespace.nspname as schema_name,
            pg_class.relname as name,
            pg_class.relowner as owner,
            pg_class.reloptions,
            pg_class.relhastriggers,
            pg_get_viewdef(pg_class.oid) as definition,
            {{ _columns_of('pg_class.oid') }} as columns,
            exists (
                select from pg_rewrite
                where pg_rewrite.ev_class = pg_class.oid and pg_rewrite.rulename <> '_RETURN'
            ) as has_rules
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_class.relkind = 'v'

    ),

    found_functions as (

        select
            pg_namespace.nspname as schema_name,
            pg_proc.proname as name,
            pg_proc.proowner as owner,
            pg_proc.proacl,
            pg_get_function_identity_arguments(pg_proc.oid) as arguments,
            {{ _bare_function_definition('pg_proc.oid') }} as definition
        from pg_proc
        inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
        inner join expected_functions
            on pg_namespace.nspname = expected_functions.schema_name
            and pg_proc.proname = expected_functions.name

    )

    select
        expected_views.schema_name,
        expected_views.name,
        case
            when found_views.name is null then 'It is no view any more.'
            when found_views.owner <> builder.owner then 'It belongs to ' || pg_get_userbyid(found_views.owner) || '.'
            else 'It is not the view that the project makes.'
        end as fault
    from expected_views
    cross join builder
    left join found_views
        on expected_views.schema_name = found_views.schema_name
        and expected_views.name = found_views.name
    where
        found_views.name is null
        or found_views.definition <> expected_views.definition
        or found_views.columns <> expected_views.columns
        or found_views.reloptions is not null
        or found_views.relhastriggers
        or found_views.has_rules
        or found_views.owner <> builder.owner

    union all

    select
        expected_tables.schema_name,
        expected_tables.name,
        table_faults.fault
    from expected_tables
    inner join pg_namespace on expected_tables.schema_name = pg_namespace.nspname
    inner join pg_class on pg_namespace.oid = pg_class.relnamespace and expected_tables.name = pg_class.relname
    inner join table_faults on pg_class.oid = table_faults.oid
    where table_faults.fault is not null

    union all

    select
        expected_functions.schema_name,
        expected_functions.name,
        'It is not the function that the project makes.'
    from expected_functions
    where not exists (
        select from found_functions
        where
            found_functions.schema_name = expected_functions.schema_name
            and found_functions.name = expected_functions.name
            and found_functions.definition = expected_functions.definition
    )

    union all

    select
        found_functions.schema_name,
        found_functions.name,
        case
            when found_functions.owner <> builder.owner then 'It belongs to ' || pg_get_userbyid(found_functions.owner) || '.'
            when found_functions.arguments <> expected_functions.arguments
                then 'There is another one of that name: (' || found_functions.arguments || ').'
            else 'Everybody may call it, with the rights of its owner.'
        end
    from found_functions
    inner join expected_functions
        on found_functions.schema_name = expected_functions.schema_name
        and found_functions.name = expected_functions.name
    cross join builder
    where
        found_functions.owner <> builder.owner
        or found_functions.arguments <> expected_functions.arguments
        or (
            expected_functions.is_definer
            and exists (
                select from aclexplode(coalesce(found_functions.proacl, acldefault('f', found_functions.owner))) as rights
                where rights.grantee = 0
            )
        )
{% endmacro %}


{% macro _expected_view(node) %}
    {%- set made %}
        create temporary view pggit_audit_probe as (
            {{ render(node.raw_code) }}
        );
        select
            pg_get_viewdef('pg_temp.pggit_audit_probe'::regclass) as definition,
            {{ _columns_of("'pg_temp.pggit_audit_probe'::regclass") }} as columns
    {% endset -%}
    {%- set found = run_query(made).rows[0] -%}
    {%- do run_query('drop view pg_temp.pggit_audit_probe') -%}
    {{ return({
        'schema_name': node.schema, 'name': node.alias, 'definition': found['definition'], 'columns': found['columns']
    }) }}
{% endmacro %}


{% macro _expected_function(node) %}
    {%- set made %}
        {{ function_sql(node, 'pg_temp.' ~ adapter.quote(node.alias), render(node.raw_code)) }}
        select
            {{ _bare_function_definition('pg_proc.oid') }} as definition,
            pg_get_function_identity_arguments(pg_proc.oid) as arguments
        from pg_proc
        where proname = {{ dbt.string_literal(node.alias) }} and pronamespace = pg_my_temp_schema()
    {% endset -%}
    {%- set found = run_query(made).rows[0] -%}
    {%- do run_query('drop function pg_temp.' ~ adapter.quote(node.alias)) -%}
    {{ return({
        'schema_name': node.schema, 'name': node.alias, 'definition': found['definition'],
        'arguments': found['arguments'], 'is_definer': node.config.meta.get('security') == 'definer'
    }) }}
{% endmacro %}


{% macro _columns_of(relation_oid) -%}
    (
        select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
        from pg_attribute
        where attrelid = {{ relation_oid }} and attnum > 0 and not attisdropped
    )
{%- endmacro %}


{#- Without its schema. -#}
{% macro _bare_function_definition(function_oid) -%}
    regexp_replace(
        pg_get_functiondef({{ function_oid }}), '^(CREATE OR REPLACE FUNCTION )("(?:[^"]|"")*"|[^."]+)[.]', '\1'
    )
{%- endmacro %}
