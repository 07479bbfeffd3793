{#-
  Views and functions of the audit layer through which people read, and the views through which the gate itself reads,
  against what the project would make now: it is made once more as a temporary object, which nobody else sees, and
  PostgreSQL prints both. `nodes` are those that the test may ref(), which dbt has to know when it parses.
-#}
{% macro reading_faults(nodes) %}
    {%- set views = _own_models() | selectattr('config.materialized', 'equalto', 'view') | list -%}
    {%- set missing = views | map(attribute='name') | reject('in', nodes) | list -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error('The list of models in this test lacks ' ~ missing | join(', ') ~ '.') -%}
    {%- endif -%}
    {%- set functions = (graph.functions.values() if judges() else []) | selectattr('package_name', 'equalto', project_name) | list -%}
    {%- set expected = {'views': _expected_views(views), 'functions': _expected_functions(functions)} -%}

    with

    expected_views as (

        select * from jsonb_to_recordset($json${{ tojson(expected.views) }}$json$::jsonb)
            as views (schema_name text, name text, definitions text[], columns text, read text[])

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
            {{ _read_by('pg_class.oid') }} as read,
            exists (
                select from pg_rewrite
                where pg_rewrite.ev_class = pg_class.oid and pg_rewrite.rulename <> '_RETURN'
            ) as has_rules,
            -- of what is written through it
            exists (select from pg_attrdef where pg_attrdef.adrelid = pg_class.oid) as has_defaults,
            {{ _is_member('pg_class', 'pg_class.oid') }} as is_member
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
            -- of an aggregate PostgreSQL prints none
            case when pg_proc.prokind <> 'a' then {{ _bare_function_definition('pg_proc.oid') }} end as definition,
            {{ _is_member('pg_proc', 'pg_proc.oid') }} as is_member
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
            when found_views.is_member then 'It is part of an extension, so that pg_dump leaves it out.'
            else coalesce(
                'It does not read ' || (
                    select string_agg(missing.name, ', ')
                    from unnest(expected_views.read) as missing (name)
                    where missing.name <> all(found_views.read)
                ) || ': build again, if that is new.',
                'It is not the view that the project makes.'
            )
        end as fault
    from expected_views
    cross join builder
    left join found_views
        on expected_views.schema_name = found_views.schema_name
        and expected_views.name = found_views.name
    where
        found_views.name is null
        or found_views.definition <> all(expected_views.definitions)
        or found_views.columns <> expected_views.columns
        or found_views.reloptions is not null
        or found_views.relhastriggers
        or found_views.has_rules
        or found_views.has_defaults
        or found_views.is_member
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
            when found_functions.is_member then 'It is part of an extension, so that pg_dump leaves it out.'
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
        or found_functions.is_member
        or (
            expected_functions.is_definer
            and exists (
                select from aclexplode(coalesce(found_functions.proacl, acldefault('f', found_functions.owner))) as rights
                where rights.grantee = 0
            )
        )
{% endmacro %}


{#- All in few statements: dbt writes each of them down, and its answer. -#}
{% macro _expected_views(nodes) %}
    {%- if not nodes -%}{{ return([]) }}{%- endif -%}
    {%- set probes %}
        {%- for node in nodes %}
        create temporary view pggit_audit_probe_{{ loop.index }} as (
            {{ render(node.raw_code) }}
        );
        {%- endfor %}
        {#- PostgreSQL may print a view otherwise once it has read what it printed, as pg_restore makes it do #}
        do $again$
        begin
            for probe in 1..{{ nodes | length }} loop
                execute format(
                    'create temporary view pggit_audit_probe_%s_again as %s',
                    probe,
                    pg_get_viewdef(format('pg_temp.pggit_audit_probe_%s', probe)::regclass)
                );
            end loop;
        end
        $again$;
    {% endset -%}
    {%- set made %}
        {{ unheard(probes) }}
        select
            probe,
            array_to_json(array[pg_get_viewdef(first_one), pg_get_viewdef(again)])::text as definitions,
            {{ _columns_of("first_one") }} as columns,
            array_to_json({{ _read_by("first_one") }})::text as read
        from generate_series(1, {{ nodes | length }}) as probe
        cross join lateral (select
            format('pg_temp.pggit_audit_probe_%s', probe)::regclass as first_one,
            format('pg_temp.pggit_audit_probe_%s_again', probe)::regclass as again
        ) as views
        order by probe
    {% endset -%}
    {%- set expected = [] -%}
    {%- for row in run_query(made).rows -%}
        {%- set node = nodes[loop.index0] -%}
        {%- do expected.append({
            'schema_name': node.schema, 'name': node.alias, 'definitions': fromjson(row['definitions']), 'columns': row['columns'],
            'read': fromjson(row['read'])
        }) -%}
    {%- endfor -%}
    {%- do run_query(unheard(
        'drop view pg_temp.pggit_audit_probe_' ~ range(1, nodes | length + 1) | join(', pg_temp.pggit_audit_probe_')
        ~ ', pg_temp.pggit_audit_probe_' ~ range(1, nodes | length + 1) | join('_again, pg_temp.pggit_audit_probe_') ~ '_again;'
    )) -%}
    {{ return(expected) }}
{% endmacro %}


{% macro _expected_functions(nodes) %}
    {%- if not nodes -%}{{ return([]) }}{%- endif -%}
    {%- set names = [] -%}
    {%- set probes %}
        {%- for node in nodes %}
        {%- do names.append('pg_temp.' ~ adapter.quote(node.alias)) %}
        {{ function_sql(node, names[-1], render(node.raw_code)) }}
        {%- endfor %}
    {% endset -%}
    {%- set made %}
        {{ unheard(probes) }}
        select
            proname as name,
            {{ _bare_function_definition('pg_proc.oid') }} as definition,
            pg_get_function_identity_arguments(pg_proc.oid) as arguments
        from pg_proc
        where pronamespace = pg_my_temp_schema()
    {% endset -%}
    {%- set found = {} -%}
    {%- for row in run_query(made).rows -%}{%- do found.update({row['name']: row}) -%}{%- endfor -%}
    {%- do run_query(unheard('drop function ' ~ names | join(', ') ~ ';')) -%}
    {%- set expected = [] -%}
    {%- for node in nodes -%}
        {%- do expected.append({
            'schema_name': node.schema, 'name': node.alias, 'definition': found[node.alias]['definition'],
            'arguments': found[node.alias]['arguments'], 'is_definer': node.config.meta.get('security') == 'definer'
        }) -%}
    {%- endfor -%}
    {{ return(expected) }}
{% endmacro %}


{% macro _columns_of(relation_oid) -%}
    (
        select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
        from pg_attribute
        where attrelid = {{ relation_oid }} and attnum > 0 and not attisdropped
    )
{%- endmacro %}


{#- The names of the tables and views that a view reads. -#}
{% macro _read_by(view_oid) -%}
    array(
        select distinct pg_depend.refobjid::regclass::text
        from pg_rewrite
        inner join pg_depend
            on pg_depend.classid = 'pg_rewrite'::regclass
            and pg_rewrite.oid = pg_depend.objid
            and pg_depend.refclassid = 'pg_class'::regclass
        where pg_rewrite.ev_class = {{ view_oid }} and pg_depend.refobjid <> {{ view_oid }}
    )
{%- endmacro %}


{#- Without its schema. -#}
{% macro _bare_function_definition(function_oid) -%}
    regexp_replace(
        pg_get_functiondef({{ function_oid }}), '^(CREATE OR REPLACE FUNCTION )("(?:[^"]|"")*"|[^."]+)[.]', '\1'
    )
{%- endmacro %}


{#- Rows of seeds that are not those of their files, or not as often, in the columns of reading_faults. -#}
{% macro seed_faults(seeds) %}
    select
        null as schema_name,
        null as name,
        null as fault
    where false
    {%- for seed in seeds %}
        {%- set columns = [] -%}
        {%- set types = [] -%}
        {%- for name, type in seed.config.column_types.items() -%}
            {%- do columns.append(adapter.quote(name)) -%}
            {%- do types.append(adapter.quote(name) ~ ' ' ~ type) -%}
        {%- endfor %}

    union all

    select
        {{ dbt.string_literal(seed.schema) }},
        {{ dbt.string_literal(seed.alias) }},
        'Its rows are not those of ' || {{ dbt.string_literal(seed.original_file_path) }} || '.'
    where exists (
        select from (
            select
                {{ columns | join(', ') }},
                1 as times
            from {{ adapter.quote(seed.schema) }}.{{ adapter.quote(seed.alias) }}

            union all

            select
                {{ columns | join(', ') }},
                -1
            from jsonb_to_recordset(
                {{ dbt.string_literal(dbt.escape_single_quotes(adapter.seed_rows(seed))) }}::jsonb
            ) as expected ({{ types | join(', ') }})
        ) as both_sides
        group by {{ columns | join(', ') }}
        having sum(times) <> 0
    )
    {%- endfor %}
{% endmacro %}
