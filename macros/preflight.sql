{#-
  What can be known to fail is said before anything is touched: dbt makes missing schemas first, so the checks run
  before that too (pggit__create_schema), and again when a run starts (on-run-start).
-#}

{% macro preflight() %}
    {%- if execute -%}{%- do _preflight_others_code() -%}{%- endif -%}
    {%- set is_asked = flags.WHICH == 'run-operation' -%}
    {%- if execute and (is_asked or flags.WHICH in ('build', 'run')) -%}
        {%- do _preflight_macros() -%}
        {%- do _preflight_server() -%}
        {%- do _preflight_history() -%}
        {#- the staging models also read a pggit_v0 that cannot be published to -#}
        {%- if is_asked or '.pggit_v0__' in selected_resources | join -%}{%- do _preflight_pggit_v0() -%}{%- endif -%}
        {%- do _preflight_results() -%}
        {%- do _preflight_published_tables() -%}
        {%- do _preflight_schemas_of_packages() -%}
        {%- if is_asked -%}
            {%- do log('Nothing stands in the way of a build: the server, v1, pggit_v0 and the schema ' ~ var('audit_schema')
                ~ ' are as it needs them. What else there is to know: pggit-audit preflight.', info=true) -%}
        {%- endif -%}
    {%- elif execute and flags.WHICH == 'test' -%}
        {%- do _preflight_gate() -%}
    {%- endif -%}
{% endmacro %}


{#- Before any of the sources is read, by whatever command. -#}
{% macro _preflight_others_code() %}
    {%- set tables = [] -%}
    {%- for source in graph.sources.values() if source.package_name == 'pggit_audit' -%}
        {%- do tables.append([source.schema, source.identifier]) -%}
    {%- endfor -%}
    {%- for table in ['history', 'history_archive', 'objects', 'branches'] -%}
        {%- set found = v1_relation(table) -%}
        {%- do tables.append([found.schema, found.identifier]) -%}
    {%- endfor -%}
    {%- do adapter.refuse_others_code(tables) -%}
{% endmacro %}


{% macro pggit__create_schema(relation) %}
    {%- do preflight() -%}
    {#- as dbt does it -#}
    {{ adapter.verify_database(relation.database) }}
    {%- call statement('create_schema') -%}
        {{ unheard('create schema if not exists ' ~ relation.without_identifier().include(database=false) ~ ';') }}
    {%- endcall -%}
{% endmacro %}


{% macro _preflight_relation(schema, table) %}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=table)) }}
{% endmacro %}


{#- dbt would make functions and seeds its own way, and look at nothing before it makes schemas. -#}
{% macro _preflight_macros() %}
    {%- set found = adapter.dispatch('create_schema', 'dbt').macro.package_name -%}
    {%- if found != 'pggit_audit' -%}
        {%- do _source_error(
            "dbt_project.yml has dbt look for its macros (dispatch, macro_namespace dbt) in other places than in this project first: "
            ~ "create_schema is that of " ~ found ~ ".",
            'Put pggit_audit first there, as in search_order: [pggit_audit, dbt_project_evaluator, dbt]; docs/OTHER_PACKAGES.md has the rest.'
        ) -%}
    {%- endif -%}
{% endmacro %}


{#- Tests that compare by making something once more, on a server, or as a role, that can make nothing: said at once, and not by
    each of them in PostgreSQL's words. -#}
{% macro _preflight_gate() %}
    {%- set making = graph.nodes.values() | selectattr('unique_id', 'in', selected_resources)
        | selectattr('resource_type', 'equalto', 'test') | list -%}
    {%- set names = [] -%}
    {%- for node in making if 'makes_temporary_objects' in node.tags -%}{%- do names.append(node.name) -%}{%- endfor -%}
    {%- if names -%}
        {%- set facts = run_query("
            select
                current_user::text as \"role\",
                pg_is_in_recovery() as is_standby,
                has_database_privilege(current_database(), 'temporary') as may_make_temporary
        ").rows[0] -%}
        {%- set rest = 'All other tests run here: dbt test --selector tests_that_only_read. But GO needs these as well.' -%}
        {%- if facts['is_standby'] -%}
            {%- do _source_error(
                'The server of database ' ~ target.database ~ ' is a standby, where nothing can be made, not even what is temporary; '
                ~ 'with such objects these tests compare: ' ~ names | sort | join(', ') ~ '.',
                'Run dbt test on its primary: what is published is the same there. ' ~ rest
            ) -%}
        {%- elif not facts['may_make_temporary'] -%}
            {%- do _source_error(
                'Role ' ~ facts['role'] ~ ' may not make temporary tables in database ' ~ target.database ~ '; '
                ~ 'with such objects these tests compare: ' ~ names | sort | join(', ') ~ '.',
                'As its owner: grant temporary on database "' ~ target.database ~ '" to "' ~ facts['role'] ~ '"; ' ~ rest
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro _preflight_server() %}
    {%- set facts = run_query("
        select
            current_setting('server_version') as version,
            current_setting('server_version_num')::integer as version_num,
            pg_is_in_recovery() as is_standby,
            current_user::text as \"role\",
            -- whose settings a session begins with, whatever role it takes then
            session_user::text as login,
            (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()) as encoding,
            has_database_privilege(current_database(), 'temporary') as may_make_temporary,
            -- Numbers are texts, as they were until 8.3: then a text and a number are put together in two ways. Other casts of
            -- a team's own harm nothing. (The first oid that is nobody's but a user's.)
            (
                select string_agg(format('%s as %s', castsource::regtype, casttarget::regtype), ', ' order by pg_cast.oid)
                from pg_cast
                inner join pg_type as sources on castsource = sources.oid
                inner join pg_type as targets on casttarget = targets.oid
                where
                    pg_cast.oid >= 16384
                    and castsource < 16384
                    and casttarget < 16384
                    and castcontext = 'i'
                    and sources.typcategory = 'N'
                    and targets.typcategory = 'S'
            ) as casts,
            (select setting::bigint / 1024 from pg_settings where name = 'temp_file_limit' and setting <> '-1') as temporary_megabytes,
            current_setting('max_locks_per_transaction')::bigint * (
                current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint
            ) as locks,
            (select count(*) from pg_class where relkind in ('r', 'p', 'i', 'I', 'v', 'm', 'S') and oid >= 16384) as relations,
            least(
                current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
                - (select count(*) from pg_stat_activity where backend_type = 'client backend'),
                (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user)
                - (select count(*) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()),
                (select nullif(datconnlimit, -1) from pg_database where datname = current_database())
                - (select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid())
            ) as free_connections
    ").rows[0] -%}
    {%- set database = 'database ' ~ target.database -%}
    {#- one for each thread, the build lock, and for a Python model its reader, its writer, two in the shadow and one that can end them -#}
    {%- set connections = target.threads + 9 -%}
    {%- if facts['version_num'] < 140000 -%}
        {%- do _source_error(
            'The server of ' ~ database ~ ' is PostgreSQL ' ~ facts['version'] ~ '; 14 is the oldest supported.',
            'Upgrade it, or migrate a copy of the database on a newer server.'
        ) -%}
    {%- elif facts['is_standby'] -%}
        {%- do _source_error(
            'The server of ' ~ database ~ ' is a standby, which takes no changes.',
            'Connect to its primary.'
        ) -%}
    {%- elif adapter.as_set('default_transaction_read_only') == 'on' -%}
        {%- do _source_error(
            'Sessions in ' ~ database ~ ' are read-only: somebody has set default_transaction_read_only for the server, the database or the role.',
            'Where a build may write: alter role "' ~ facts['login'] ~ '" in database "' ~ target.database ~ '" set default_transaction_read_only = off;'
        ) -%}
    {%- elif adapter.as_set('session_replication_role') != 'origin' -%}
        {%- do _source_error(
            'In sessions in ' ~ database ~ ' triggers do not fire: somebody has set session_replication_role for the server, the database '
            ~ 'or the role. The guards of the results are triggers, and so is what numbers and hashes the compliance log.',
            'As a superuser: alter role "' ~ facts['login'] ~ '" in database "' ~ target.database ~ '" set session_replication_role = origin;'
        ) -%}
    {%- elif facts['encoding'] == 'SQL_ASCII' -%}
        {%- do _source_error(
            'The encoding of ' ~ database ~ ' is SQL_ASCII: its bytes have no meaning that could be hashed as UTF-8.',
            'Migrate a copy: pg_dump it, and restore that into a database that was created with encoding UTF8.'
        ) -%}
    {%- elif adapter.as_set('standard_conforming_strings') != 'on' -%}
        {%- do _source_error(
            'standard_conforming_strings is off for ' ~ database ~ ': a backslash in the recorded texts means something else than in a build.',
            'If no text relies on it: alter role "' ~ facts['login'] ~ '" in database "' ~ target.database ~ '" set standard_conforming_strings = on;'
        ) -%}
    {%- elif not facts['may_make_temporary'] -%}
        {%- do _source_error(
            'Role ' ~ facts['role'] ~ ' may not make temporary tables in ' ~ database ~ '; views and functions are compared through them.',
            'As its owner: grant temporary on database "' ~ target.database ~ '" to "' ~ facts['role'] ~ '";'
        ) -%}
    {%- elif facts['casts'] -%}
        {%- do _source_error(
            'In ' ~ database ~ ' numbers become texts without being asked (' ~ adapter.shown(facts['casts'])
            ~ '): somebody has made such casts. With them, what a build asks of the server has more than one meaning.',
            'Build in a copy where they are asked for: drop cast (' ~ adapter.shown(facts['casts'].split(', ')[0])
            ~ '); and make it again AS ASSIGNMENT.'
        ) -%}
    {%- elif facts['temporary_megabytes'] is not none and facts['temporary_megabytes'] < 100 -%}
        {%- do _source_error(
            'Sessions in ' ~ database ~ ' may write ' ~ facts['temporary_megabytes'] ~ ' MB of temporary files (temp_file_limit); '
            ~ 'what is sorted and joined in a build takes more.',
            'As a superuser: alter role "' ~ facts['login'] ~ '" in database "' ~ target.database ~ '" set temp_file_limit = -1;'
        ) -%}
    {%- elif facts['free_connections'] < connections -%}
        {%- do _source_error(
            'A build with ' ~ target.threads ~ ' threads takes ' ~ connections ~ ' connections, and ' ~ facts['free_connections']
            ~ ' more are to be had (max_connections, the limits of the role and of the database).',
            'Use fewer threads (dbt build --threads 1), close other sessions, or raise the limit.'
        ) -%}
    {%- elif facts['locks'] < facts['relations'] -%}
        {%- do _source_error(
            'The server has room for ' ~ facts['locks'] ~ ' locks, and ' ~ database ~ ' has ' ~ facts['relations']
            ~ ' tables, indexes, views and sequences, which the shadow database rebuilds in one transaction.',
            'Raise max_locks_per_transaction to ' ~ (64 * (1 + facts['relations'] // facts['locks'])) ~ ' or more, and restart the server.'
        ) -%}
    {%- elif var('shadow') in ['target', 'throw_away'] -%}
        {%- do adapter.check_shadow(var('shadow') == 'throw_away') -%}
    {%- endif -%}
    {%- if var('commit_granularity') not in ['version', 'transaction'] -%}
        {%- do _source_error(
            "The variable commit_granularity is '" ~ var('commit_granularity') ~ "'.",
            'It is either version (one commit per history row) or transaction (one commit per v1 transaction).'
        ) -%}
    {%- endif -%}
    {%- do adapter.refuse_pooled_connections() -%}
    {%- do _preflight_tracker() -%}
{% endmacro %}


{#- v1's functions write with the rights of whoever makes something: without them nothing can be made here at all. -#}
{% macro _preflight_tracker() %}
    {%- if not may_pause_event_triggers() -%}
        {%- set tables = run_query("
            select
                current_user::text as \"role\",
                string_agg(distinct pg_event_trigger.evtname, ', ') as triggers,
                string_agg(distinct tables.name || ' (' || tables.rights || ')', ', ') as lacking
            from pg_event_trigger
            inner join pg_proc on pg_event_trigger.evtfoid = pg_proc.oid
            inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
            cross join (values ('objects', 'insert, update'), ('history', 'insert')) as tables (name, rights)
            inner join pg_class on pg_class.relnamespace = pg_namespace.oid and pg_class.relname = tables.name
            where
                pg_namespace.nspname = " ~ dbt.string_literal(var('pggit_schema')) ~ "
                and pg_event_trigger.evtenabled <> 'D'
                and not pg_proc.prosecdef
                and exists (
                    select from unnest(string_to_array(tables.rights, ', ')) as wanted (privilege)
                    where not has_table_privilege(pg_class.oid, wanted.privilege)
                )
            having count(*) > 0
        ").rows -%}
        {%- for row in tables -%}
            {%- set schema = var('pggit_schema') -%}
            {%- do _source_error(
                'The tracker of pgGit v1 is at work (' ~ row['triggers'] ~ '), and writes with the rights of whoever makes something; role '
                ~ row['role'] ~ ' lacks rights on its ' ~ row['lacking'] ~ ', so that it could make nothing in this database.',
                'As its owner: grant insert, update on ' ~ schema ~ '.objects, ' ~ schema ~ '.history to "' ~ row['role']
                ~ '"; grant usage on all sequences in schema ' ~ schema ~ ' to "' ~ row['role']
                ~ '"; or pause the tracker: alter event trigger NAME disable;'
            ) -%}
        {%- endfor -%}
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
    {%- set no_tables = run_query("
        select string_agg(relname, ', ' order by relname) as names
        from pg_class
        where
            relnamespace = (select oid from pg_namespace where nspname = " ~ dbt.string_literal(schema) ~ ")
            and relname in ('" ~ needs | join("', '") ~ "')
            and relkind not in ('r', 'p')
    ").rows[0]['names'] -%}
    {%- if no_tables -%}
        {%- do _source_error(
            'Of schema ' ~ schema ~ ', these are no tables, so that nothing can be published there: ' ~ no_tables ~ '.',
            "Put pggit_v0's own tables back, or name the schema that has them in the variable pggit_v0_schema."
        ) -%}
    {%- endif -%}
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
        {#- a build that was killed, or is under way, may have come to no table yet -#}
        {%- if not missing -%}{%- do ours.append(model.alias) -%}{%- endif -%}
    {%- endfor -%}
    {%- if relations and not ours -%}
        {%- do _source_error(
            'Schema ' ~ schema ~ " is another system's: it holds " ~ relations.keys() | join(', ') ~ ', and nothing of this project.',
            another
        ) -%}
    {%- elif not ours and is_the_first_build() -%}
        {#- what is in them is hidden from then on, whatever it is #}
        {%- set wanted = "select name as schema_name from (values (" ~ dbt.string_literal(schema) ~ "), ("
            ~ dbt.string_literal(schema ~ '_work') ~ ")) as wanted (name)" -%}
        {#- what the night makes comes before the first build, and is noted -#}
        {%- for other in run_query(others_in_schemas_of_dbt(wanted, own=_relation_if_there(own_transactions()))).rows -%}
            {%- do _source_error(
                'Schema ' ~ other['schema_name'] ~ " is another system's: it holds " ~ other['what'] ~ ', and nothing of this project.',
                another
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
