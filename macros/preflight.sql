{#-
  What can be known to fail is said before anything is touched: dbt makes missing schemas first, so the checks run
  before that too (pggit__create_schema), and again when a run starts (on-run-start).
-#}

{% macro preflight() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do _preflight_server() -%}
        {%- do _preflight_history() -%}
        {#- the staging models also read a pggit_v0 that cannot be published to -#}
        {%- if '.pggit_v0__' in selected_resources | join -%}{%- do _preflight_pggit_v0() -%}{%- endif -%}
        {%- do _preflight_results() -%}
    {%- endif -%}
{% endmacro %}


{% macro pggit__create_schema(relation) %}
    {%- do preflight() -%}
    {{ postgres__create_schema(relation) }}
{% endmacro %}


{% macro _preflight_relation(schema, table) %}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=table)) }}
{% endmacro %}


{% macro _preflight_server() %}
    {%- set facts = run_query("
        select
            current_setting('server_version') as version,
            current_setting('server_version_num')::integer as version_num,
            pg_is_in_recovery() as is_standby
    ").rows[0] -%}
    {%- if facts['version_num'] < 140000 -%}
        {%- do _source_error(
            'The server of database ' ~ target.database ~ ' is PostgreSQL ' ~ facts['version'] ~ '; 14 is the oldest supported.',
            'Upgrade it, or migrate a copy of the database on a newer server.'
        ) -%}
    {%- elif facts['is_standby'] -%}
        {%- do _source_error(
            'The server of database ' ~ target.database ~ ' is a standby, which takes no changes.',
            'Connect to its primary.'
        ) -%}
    {%- elif var('shadow') == 'target' -%}
        {%- do adapter.check_shadow() -%}
    {%- endif -%}
{% endmacro %}


{% macro _preflight_history() %}
    {%- set history = v1_relation('history') -%}
    {%- if 'object_id' in source_columns(history) -%}
        {%- do require_columns(history, ['id', 'object_id', 'change_type', 'sql_executed', 'created_at', 'created_by']) -%}
        {%- do require_columns(v1_relation('objects'), ['id', 'object_type', 'schema_name', 'object_name']) -%}
        {%- do require_columns(v1_relation('branches'), ['id', 'name']) -%}
    {%- else -%}
        {%- do require_columns(
            history, ['version_id', 'object_name', 'object_type', 'change_type', 'change_sql', 'author', 'created_at']
        ) -%}
    {%- endif -%}
{% endmacro %}


{% macro _preflight_pggit_v0() %}
    {%- set schema = var('pggit_v0_schema') -%}
    {%- set needs = {
        'objects': ['sha', 'type', 'size', 'content'],
        'tree_entries': ['tree_sha', 'path', 'mode', 'object_sha'],
        'commit_graph': [
            'commit_sha', 'parent_shas', 'tree_sha', 'generation', 'author', 'committer', 'authored_at', 'committed_at', 'message'
        ],
        'refs': ['name', 'target_sha', 'type'],
        'head': ['id', 'ref_name', 'direct_sha']
    } -%}
    {%- for table, columns in needs.items() -%}
        {%- do require_columns(_preflight_relation(schema, table), columns) -%}
    {%- endfor -%}
    {%- set refused = run_query("
        select current_user::text as \"role\", string_agg(privilege || ' on ' || relname, ', ' order by relname, privilege) as rights
        from pg_class
        cross join lateral unnest(
            case relname when 'refs' then array['insert', 'update'] else array['insert'] end
        ) as privilege
        where
            relnamespace = (select oid from pg_namespace where nspname = " ~ dbt.string_literal(schema) ~ ")
            and relname in ('" ~ needs | join("', '") ~ "')
            and not has_table_privilege(pg_class.oid, privilege)
        having count(*) > 0
    ").rows -%}
    {%- for row in refused -%}
        {%- do _source_error(
            'Role ' ~ row['role'] ~ ' may not publish to ' ~ schema ~ ': it lacks ' ~ row['rights'] ~ '.',
            'As the owner: grant insert, update on all tables in schema ' ~ schema ~ ' to "' ~ row['role'] ~ '";'
        ) -%}
    {%- endfor -%}
{% endmacro %}


{% macro _preflight_results() %}
    {%- set schema = var('audit_schema') -%}
    {%- set another = "Choose another name for the results: dbt build --vars 'audit_schema: pggit_audit_v1'" -%}
    {%- set facts = run_query("
        select
            current_user::text as \"role\",
            has_database_privilege(current_database(), 'create') as may_create_schema,
            wanted.schema_name,
            n.oid is not null as schema_exists,
            coalesce(has_schema_privilege(n.oid, 'create'), false) as may_create,
            (
                select coalesce(json_object_agg(c.relname, json_build_object(
                    'kind', c.relkind,
                    'owner', pg_get_userbyid(c.relowner),
                    'is_ours', pg_has_role(c.relowner, 'usage'),
                    'columns', (
                        select json_agg(a.attname)
                        from pg_attribute as a
                        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    )
                )), '{}')::text
                from pg_class as c
                where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
            ) as relations
        from (values (" ~ dbt.string_literal(schema) ~ "), (" ~ dbt.string_literal(schema ~ '_work') ~ ")) as wanted (schema_name)
        left join pg_namespace as n on n.nspname = wanted.schema_name
    ").rows -%}

    {%- for row in facts -%}
        {%- if not row['schema_exists'] and not row['may_create_schema'] -%}
            {%- do _source_error(
                'Role ' ~ row['role'] ~ ' may not create the schema ' ~ row['schema_name'] ~ ' in database ' ~ target.database ~ '.',
                'As its owner: grant create on database "' ~ target.database ~ '" to "' ~ row['role'] ~ '";'
            ) -%}
        {%- elif row['schema_exists'] and not row['may_create'] -%}
            {%- do _source_error(
                'Role ' ~ row['role'] ~ ' may not create tables in schema ' ~ row['schema_name'] ~ '.',
                'As its owner: grant create, usage on schema "' ~ row['schema_name'] ~ '" to "' ~ row['role'] ~ '"; ' ~ another
            ) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- set relations = fromjson(facts | selectattr('schema_name', 'equalto', schema) | map(attribute='relations') | first) -%}
    {%- set models = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model') | selectattr('schema', 'equalto', schema) | list -%}
    {%- set tables = models | selectattr('config.materialized', 'equalto', 'append_only') | list -%}
    {%- set ours = [] -%}
    {%- for model in models if model.alias in relations -%}
        {%- set found = relations[model.alias] -%}
        {%- set is_table = found.kind in ('r', 'p', 'f') -%}
        {%- set missing = model.columns.keys() | reject('in', found.columns)
            | reject('in', model.config.meta.get('added_columns', [])) | list -%}
        {%- if model in tables and (not is_table or missing) -%}
            {%- do _source_error(
                'Schema ' ~ schema ~ " is another system's: its " ~ model.alias ~ ' has no column '
                ~ (missing[:3] | join(', ') or 'that could be written') ~ '. (pgGit 0.2 installs a schema of that name.)',
                another
            ) -%}
        {%- elif not found.is_ours -%}
            {%- do _source_error(
                schema ~ '.' ~ model.alias ~ ' belongs to role ' ~ found.owner ~ ', who built it.',
                'Build as that role, or as a superuser: grant "' ~ found.owner ~ '" to "' ~ facts[0]['role'] ~ '";'
            ) -%}
        {%- endif -%}
        {%- if model in tables -%}{%- do ours.append(model.alias) -%}{%- endif -%}
    {%- endfor -%}
    {%- if relations and not ours -%}
        {%- do _source_error(
            'Schema ' ~ schema ~ " is another system's: it holds " ~ relations.keys() | join(', ') ~ ', and nothing of this project.',
            another
        ) -%}
    {%- endif -%}
{% endmacro %}
