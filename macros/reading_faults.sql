{#-
  Views and functions of the audit layer through which people read, and the views through which the gate itself reads,
  against what the project would make now: it is made once more as a temporary object, which nobody else sees, and
  PostgreSQL prints both. `nodes` are those that the test may ref(), which dbt has to know when it parses.
-#}
{% macro reading_faults(nodes) %}
    {%- set expected = {'views': [], 'functions': []} -%}
    {%- set missing = [] -%}
    {%- for node in _own_models() if node.config.materialized == 'view' -%}
        {%- if node.name not in nodes -%}
            {%- do missing.append(node.name) -%}
        {%- else -%}
            {%- do expected.views.append(_expected_view(node)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for node in (graph.functions.values() if judges() else []) if node.package_name == project_name -%}
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
        view_names.nspname,
        pg_class.relname,
        rights.fact
    from expected_views
    inner join pg_namespace as view_names on expected_views.schema_name = view_names.nspname
    inner join pg_class on view_names.oid = pg_class.relnamespace and expected_views.name = pg_class.relname
    inner join (
        {{ rights_of_others() }}
    ) as rights on pg_class.oid = rights.oid

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
