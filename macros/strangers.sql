{#- What is in the schemas of the results and no node, guard or command of this project made, as a query in the columns of
    reading_faults. Whatever is in them is hidden from the history, and who reads there takes it for a result. By names and
    kinds, for a copy that was restored knows no more who made what. Not what belongs to something else (indexes, sequences of
    columns), nor statistics without expressions, which only cost time; nor rights. -#}
{% macro strangers() %}
    select
        pg_namespace.nspname as schema_name,
        objects.identity as name,
        'This ' || objects.type || ' is none of this project''s: drop it, or move it to another schema.' as fault
    from pg_namespace
    {{ joined_members() }}
    cross join lateral pg_identify_object(pg_depend.classid, pg_depend.objid, 0) as objects
    where
        {{ judges() }}
        and pg_namespace.nspname in ({{ dbt.string_literal(var('audit_schema')) }}, {{ dbt.string_literal(var('audit_schema') ~ '_work') }})
        and {{ stands_alone() }}
        and not exists (
            select from pg_statistic_ext
            where
                pg_depend.classid = 'pg_statistic_ext'::regclass
                and pg_statistic_ext.oid = pg_depend.objid
                and pg_statistic_ext.stxexprs is null
        )
        and not exists (
            select from jsonb_to_recordset($json${{ tojson(_at_home()) }}$json$::jsonb)
                as known (catalog text, schema_name text, names text[], arguments text)
            where
                pg_depend.classid = to_regclass(known.catalog)
                and pg_namespace.nspname = known.schema_name
                and (
                    known.names is null
                    or pg_proc.proname = any(known.names)
                    -- what a command that was killed left, or what somebody reads still
                    or regexp_replace(pg_class.relname, '__dbt_(tmp|backup(_[0-9a-f]{8})?)$', '') = any(known.names)
                )
                and (known.arguments is null or pg_get_function_identity_arguments(pg_depend.objid) = known.arguments)
        )
{% endmacro %}


{#- What may be in those schemas, by catalog: names, or whatever it is called, and a function's arguments where there may be
    no others. -#}
{% macro _at_home() %}
    {%- set results = var('audit_schema') -%}
    {%- set work = results ~ '_work' -%}
    {%- set known = [] -%}
    {%- if judges() -%}
        {%- for schema in [results, work] -%}
            {%- do known.append({
                'catalog': 'pg_class', 'schema_name': schema,
                'names': graph.nodes.values() | selectattr('schema', 'equalto', schema) | map(attribute='alias') | list
            }) -%}
            {%- do known.append({
                'catalog': 'pg_proc', 'schema_name': schema,
                'names': graph.functions.values() | selectattr('schema', 'equalto', schema) | map(attribute='alias') | list
            }) -%}
        {%- endfor -%}
        {%- for node in _audit_guarded() -%}
            {%- set guards = context[node.config.meta.guard](api.Relation.create(schema=node.schema, identifier=node.alias)) -%}
            {%- do known.append({
                'catalog': 'pg_proc', 'schema_name': node.schema, 'arguments': '',
                'names': guards.functions | map(attribute='name') | list
            }) -%}
        {%- endfor -%}
        {#- what keeps the schema, and what the night makes -#}
        {%- do known.append({
            'catalog': 'pg_proc', 'schema_name': work, 'arguments': '', 'names': ['refuse_to_drop_audit_schema', 'cutover_hold']
        }) -%}
        {%- do known.append({'catalog': 'pg_class', 'schema_name': work, 'names': ['cutover_journal']}) -%}
        {%- if v1_relation('history').schema == results -%}
            {%- do known.append({
                'catalog': 'pg_class', 'schema_name': results,
                'names': ['v1_branches', 'v1_objects', 'v1_commits', 'v1_history', 'v1_history_archive', 'v1_system_events']
            }) -%}
            {#- of their columns -#}
            {%- do known.append({'catalog': 'pg_type', 'schema_name': results}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(known) }}
{% endmacro %}
