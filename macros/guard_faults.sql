{#-
  What is not as the project makes it about its tables. Each guarded table is made once more, as a temporary one, with
  its columns, constraints, indexes and triggers, and PostgreSQL says of both what they are; what only one of them has is
  a fault. Of a table without guards, which dbt fills anew, nothing is expected but that it has nothing of somebody's.
-#}


{#- What only compiles judges nothing, and may come before there is anything to look at. -#}
{% macro judges() %}
    {{ return(execute and flags.WHICH not in ['compile', 'generate', 'list', 'parse', 'show']) }}
{% endmacro %}


{% macro _audit_guarded() %}
    {{ return(_own_models() | selectattr('config.meta.guard', 'defined') | list) }}
{% endmacro %}


{#- Tables that dbt fills anew in each build, seeds too. -#}
{% macro _audit_unguarded() %}
    {{ return(_own_models() | rejectattr('config.meta.guard', 'defined')
        | selectattr('config.materialized', 'in', ['table', 'seed']) | list) }}
{% endmacro %}


{% macro _own_models() %}
    {{ return((graph.nodes.values() if judges() else [])
        | selectattr('resource_type', 'in', ['model', 'seed']) | selectattr('package_name', 'equalto', project_name) | list) }}
{% endmacro %}


{% macro guards_hold(node) %}
    {%- set faults = run_query(guard_faults([node])).rows -%}
    {%- if faults -%}
        {%- do exceptions.warn(
            'The guards of ' ~ node.schema ~ '.' ~ node.alias ~ ' are not those of this version of the project. Its triggers are '
            ~ 'made anew; all else stays as it is: ' ~ adapter.shown(faults | map(attribute='fault') | join('; '))
        ) -%}
    {%- endif -%}
    {{ return(not faults) }}
{% endmacro %}


{#- What is not as the project makes it about tables, as a query: schema_name, table_name, fault. -#}
{% macro guard_faults(nodes) %}
    {%- set expected = _audit_expected(nodes) -%}
    with

    expected_tables as (

        select * from jsonb_to_recordset($json${{ tojson(expected.tables) }}$json$::jsonb)
            as tables (schema_name text, table_name text, is_guarded boolean)

    ),

    expected_facts as (

        select * from jsonb_to_recordset($json${{ tojson(expected.facts) }}$json$::jsonb)
            as facts (schema_name text, table_name text, kind text, fact text)

    ),

    expected_functions as (

        select * from jsonb_to_recordset($json${{ tojson(expected.functions) }}$json$::jsonb)
            as functions (schema_name text, table_name text, name text, body text, settings text[])

    ),

    relations as (

        select
            expected_tables.schema_name,
            expected_tables.table_name,
            expected_tables.is_guarded,
            pg_class.*
        from expected_tables
        inner join pg_namespace on expected_tables.schema_name = pg_namespace.nspname
        inner join pg_class
            on pg_namespace.oid = pg_class.relnamespace
            and expected_tables.table_name = pg_class.relname

    ),

    facts as materialized (

        {{ table_facts('relations') }}

    ),

    found_facts as (

        select
            relations.schema_name,
            relations.table_name,
            relations.is_guarded,
            facts.kind,
            facts.fact
        from relations
        inner join facts on relations.oid = facts.oid

    ),

    found_functions as (

        select
            pg_namespace.nspname as schema_name,
            pg_proc.proname as name,
            pg_proc.prosrc as body,
            pg_proc.proconfig as settings
        from pg_proc
        inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
        inner join pg_language on pg_proc.prolang = pg_language.oid
        where
            pg_language.lanname = 'plpgsql'
            and pg_proc.prorettype = 'trigger'::regtype
            and pg_proc.pronargs = 0
            and not pg_proc.prosecdef
            -- any other one would not see what its own statement did, or not be called
            and pg_proc.provolatile = 'v'
            and not pg_proc.proisstrict

    )

    select
        schema_name,
        table_name,
        'no ' || kind || ' ' || fact as fault
    from expected_facts
    where not exists (
        select from found_facts
        where
            found_facts.schema_name = expected_facts.schema_name
            and found_facts.table_name = expected_facts.table_name
            and found_facts.kind = expected_facts.kind
            and found_facts.fact = expected_facts.fact
    )

    union all

    select
        schema_name,
        table_name,
        case when kind in ('state', 'keys', 'member', 'right') then fact else 'the ' || kind || ' ' || fact || ' is not of this project' end
    from found_facts
    where
        -- an index more only costs time; what a table without guards looks like is for the build to see
        kind <> 'plain index'
        and (is_guarded or kind <> 'column')
        and not exists (
            select from expected_facts
            where
                expected_facts.schema_name = found_facts.schema_name
                and expected_facts.table_name = found_facts.table_name
                and expected_facts.kind = found_facts.kind
                and expected_facts.fact = found_facts.fact
        )

    union all

    select
        schema_name,
        table_name,
        'the function ' || name || ' is missing or another one'
    from expected_functions
    where not exists (
        select from found_functions
        where
            found_functions.schema_name = expected_functions.schema_name
            and found_functions.name = expected_functions.name
            and found_functions.body = expected_functions.body
            and found_functions.settings
            = array['search_path=pg_catalog, pg_temp'] || coalesce(expected_functions.settings, '{}')
    )

    union all

    select
        relations.schema_name,
        relations.table_name,
        'it belongs to ' || pg_get_userbyid(relations.relowner) || ', own_transactions to '
        || pg_get_userbyid(first_relation.relowner)
    from relations
    inner join pg_class as first_relation on first_relation.oid = to_regclass('{{ own_transactions() }}')
    where relations.relowner <> first_relation.relowner

    union all

    select
        expected_functions.schema_name,
        expected_functions.table_name,
        'the function ' || expected_functions.name || ' belongs to ' || pg_get_userbyid(pg_proc.proowner)
    from expected_functions
    inner join relations
        on expected_functions.schema_name = relations.schema_name
        and expected_functions.table_name = relations.table_name
    inner join pg_proc on relations.relnamespace = pg_proc.pronamespace and expected_functions.name = pg_proc.proname
    where pg_proc.proowner <> relations.relowner
{% endmacro %}


{#- What is not as it should be about the tables of pggit_v0, as a query in the columns of guard_faults. They are not the
    project's: triggers, columns and rights are for pggit_v0 to say. But what the project published is no more in them, or not
    alone, where rows are hidden, lost in a crash, thrown away or those of another table. -#}
{% macro shared_faults() %}
    {%- set names = [] -%}
    {%- for node in _own_models() if node.config.meta.get('must_exist') -%}
        {%- do names.append(adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias)) -%}
    {%- endfor %}
    select
        pg_namespace.nspname as schema_name,
        relations.relname as table_name,
        case when facts.kind = 'state' then facts.fact else 'it has the rule ' || facts.fact end as fault
    from jsonb_array_elements_text({{ dbt.string_literal(dbt.escape_single_quotes(tojson(names))) }}::jsonb) as listed (name)
    inner join pg_class as relations on to_regclass(listed.name) = relations.oid
    inner join pg_namespace on relations.relnamespace = pg_namespace.oid
    inner join (
        {{ table_facts('pg_class') }}
    ) as facts on relations.oid = facts.oid
    where facts.kind in ('state', 'rule')
{% endmacro %}


{#- Rights on a table with which others can change its rows, or hold it up: who may refer to it, or maintain it (from 17 on),
    may lock it. -#}
{% macro _rights_to_write() -%}
    'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN'
{%- endmacro %}


{#- Who may write to relations without owning them, as a query: oid, fact. -#}
{% macro rights_of_others() %}
    select
        granted.oid,
        rights.privilege_type || ' is granted to ' || coalesce(pg_roles.rolname, 'public') as fact
    from (
        select oid, relowner, relacl as acl from pg_class
        where relacl is not null
        union all
        select pg_class.oid, pg_class.relowner, pg_attribute.attacl
        from pg_class
        inner join pg_attribute on pg_class.oid = pg_attribute.attrelid
        where pg_attribute.attacl is not null
    ) as granted
    cross join lateral aclexplode(granted.acl) as rights
    left join pg_roles on rights.grantee = pg_roles.oid
    where
        rights.grantee <> granted.relowner
        and rights.privilege_type in ({{ _rights_to_write() }})
{% endmacro %}


{#- For on-run-start: of guarded tables their own materialization says it. -#}
{% macro warn_of_rights_of_others() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
        {%- set names = [] -%}
        {#- those of pggit_v0 are for others to write to as well -#}
        {%- for node in _own_models() | rejectattr('config.meta.guard', 'defined') | rejectattr('config.meta.must_exist', 'defined') -%}
            {%- do names.append(api.Relation.create(schema=node.schema, identifier=node.alias).render()) -%}
        {%- endfor -%}
        {%- set faults = run_query("
            select coalesce(relations.name, places.schema_name) || ': ' || coalesce(rights.fact, places.fault) as fault
            from jsonb_array_elements_text(" ~ dbt.string_literal(dbt.escape_single_quotes(tojson(names))) ~ "::jsonb) as relations (name)
            inner join (" ~ rights_of_others() ~ ") as rights on to_regclass(relations.name) = rights.oid
            full join (" ~ place_faults() ~ ") as places on false
            order by fault
        ").rows -%}
        {%- if faults -%}
            {%- do exceptions.warn(
                'Others may write where people read, and the gate fails on it. Nothing was taken from them; revoke it: '
                ~ adapter.shown(faults | map(attribute='fault') | join('; '))
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#- An event trigger runs as who makes something: its function's owner may put in it what the build's role may do. Those that
    fire all the same: where the role may pause them for its DDL, those that fire always or for replicas, unless it may switch
    them off (from 17 on); and those that fire at a login. -#}
{% macro warn_of_others_event_triggers() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
        {%- set found = run_query("
            select
                pg_event_trigger.evtname || ' calls ' || pg_proc.oid::regprocedure || ', which ' || owners.rolname || ' owns' as said
            from pg_event_trigger
            inner join pg_proc on pg_event_trigger.evtfoid = pg_proc.oid
            inner join pg_roles as owners on pg_proc.proowner = owners.oid
            where
                not owners.rolsuper
                and owners.rolname <> current_user
                and case
                    when pg_event_trigger.evtevent = 'login' then pg_event_trigger.evtenabled in ('O', 'A')
                    when current_setting('event_triggers', true) = 'off' then false
                    else pg_event_trigger.evtenabled in (" ~ ("'A', 'R'" if may_pause_event_triggers() else "'O', 'A'") ~ ")
                end
            order by said
        ").rows -%}
        {%- if found -%}
            {%- do exceptions.warn(
                'What this build makes runs code of others, with all that its role may do: event trigger '
                ~ adapter.shown(found | map(attribute='said') | join('; '))
                ~ '. Look at it, and let a superuser or the build\'s role own it.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#- What makes guards useless from outside of their tables, as a query in the columns of guard_faults. -#}
{% macro place_faults() %}
    select
        pg_namespace.nspname as schema_name,
        null as table_name,
        coalesce(pg_roles.rolname, 'public') || ' may create something in the schema' as fault
    from pg_namespace
    cross join lateral aclexplode(pg_namespace.nspacl) as rights
    left join pg_roles on rights.grantee = pg_roles.oid
    inner join pg_class as first_relation on first_relation.oid = to_regclass('{{ own_transactions() }}')
    where
        pg_namespace.nspname in ({{ dbt.string_literal(var('audit_schema')) }}, {{ dbt.string_literal(var('audit_schema') ~ '_work') }})
        and rights.privilege_type = 'CREATE'
        and rights.grantee not in (pg_namespace.nspowner, first_relation.relowner)

    union all

    -- who owns a schema may drop what is in it, and make something in its place
    select
        pg_namespace.nspname,
        null,
        'the schema belongs to ' || schema_owner.rolname || ', own_transactions to ' || pg_get_userbyid(first_relation.relowner)
    from pg_namespace
    inner join pg_roles as schema_owner on pg_namespace.nspowner = schema_owner.oid
    inner join pg_class as first_relation on first_relation.oid = to_regclass('{{ own_transactions() }}')
    inner join pg_database on pg_database.datname = current_database()
    where
        pg_namespace.nspname in ({{ dbt.string_literal(var('audit_schema')) }}, {{ dbt.string_literal(var('audit_schema') ~ '_work') }})
        and not schema_owner.rolsuper
        and schema_owner.oid not in (first_relation.relowner, pg_database.datdba)
        and schema_owner.rolname <> 'pg_database_owner'

    union all

    -- of tables that are still to be made
    select
        {{ dbt.string_literal(var('audit_schema')) }},
        null,
        rights.privilege_type || ' will be granted to ' || coalesce(pg_roles.rolname, 'public') || ' (alter default privileges)'
    from pg_default_acl
    cross join lateral aclexplode(pg_default_acl.defaclacl) as rights
    left join pg_roles on rights.grantee = pg_roles.oid
    inner join pg_class as first_relation on first_relation.oid = to_regclass('{{ own_transactions() }}')
    left join pg_namespace on pg_default_acl.defaclnamespace = pg_namespace.oid
    where
        pg_default_acl.defaclobjtype = 'r'
        and pg_default_acl.defaclrole = first_relation.relowner
        and coalesce(pg_namespace.nspname, {{ dbt.string_literal(var('audit_schema')) }})
        in ({{ dbt.string_literal(var('audit_schema')) }}, {{ dbt.string_literal(var('audit_schema') ~ '_work') }})
        and rights.grantee <> first_relation.relowner
        and rights.privilege_type in ({{ _rights_to_write() }})

    union all

    select
        {{ dbt.string_literal(var('audit_schema')) }},
        null,
        'sessions of ' || coalesce(pg_roles.rolname, 'everybody') || ' pass the triggers by: ' || setting
    from pg_db_role_setting
    cross join lateral unnest(pg_db_role_setting.setconfig) as setting
    left join pg_roles on pg_db_role_setting.setrole = pg_roles.oid
    where
        pg_db_role_setting.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and setting like 'session_replication_role=%'
        and setting <> 'session_replication_role=origin'

    union all

    -- what this session began with is the server's own word, where neither its role nor its database has one
    select
        {{ dbt.string_literal(var('audit_schema')) }},
        null,
        'sessions pass the triggers by: the server has session_replication_role=' || reset_val
    from pg_settings
    where name = 'session_replication_role' and reset_val <> 'origin'
{% endmacro %}


{#- What the project gives tables: of guarded ones facts, in the words of table_facts, and trigger functions. -#}
{% macro _audit_expected(nodes) %}
    {%- set expected = {'tables': [], 'facts': [], 'functions': []} -%}
    {%- set guarded = [] -%}
    {%- for node in nodes -%}
        {%- do expected.tables.append({
            'schema_name': node.schema, 'table_name': node.alias, 'is_guarded': 'guard' in node.config.meta
        }) -%}
        {%- if 'guard' in node.config.meta -%}
            {%- do guarded.append(node) -%}
            {%- set guards = context[node.config.meta.guard](api.Relation.create(schema=node.schema, identifier=node.alias)) -%}
            {%- for function in guards.functions -%}
                {%- do expected.functions.append(dict(function, schema_name=node.schema, table_name=node.alias)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if guarded -%}
        {%- for row in run_query(_made_once_more(guarded)).rows -%}
            {%- set node = guarded[row['place']] -%}
            {%- do expected.facts.append({
                'schema_name': node.schema, 'table_name': node.alias, 'kind': row['kind'], 'fact': row['fact']
            }) -%}
        {%- endfor -%}
        {%- do run_query(unheard(_dropped_again(guarded))) -%}
    {%- endif -%}
    {{ return(expected) }}
{% endmacro %}


{#- Guarded tables as temporary ones, and the facts of them with the place of each in the list. -#}
{% macro _made_once_more(nodes) %}
    {%- set probes -%}
    {%- for node in nodes -%}
        {%- set probe = 'pg_temp.pggit_audit_probe_' ~ loop.index0 -%}
        {%- set relation = api.Relation.create(schema=node.schema, identifier=node.alias) -%}
        {%- set guards = context[node.config.meta.guard](relation) -%}
        create temporary table pggit_audit_probe_{{ loop.index0 }} (
            {%- for column in node.columns.values() %}
                {{- adapter.quote(column.name) }} {{ column.data_type }}
                {%- for constraint in column.constraints if constraint.type != 'foreign_key' %} {{ _probed_constraint(constraint) }}{% endfor %}
                {{- ',' if not loop.last }}
            {%- endfor %}
            {%- for constraint in node.constraints %}, {{ _probed_constraint(constraint) }}{% endfor %}
        );
        {%- for index in node.config.get('indexes', []) %}
        create {{ 'unique' if index.unique }} index on {{ probe }} ({{ index.columns | join(', ') }});
        {%- endfor %}
        {%- for function in guards.functions %}
        create function pg_temp.{{ function.name }}() returns trigger language plpgsql as 'begin return null; end';
        {%- endfor %}
        {%- for trigger in guards.triggers %}
        create trigger {{ trigger.name }} {{ trigger.rest
            | replace(' on ' ~ relation.include(database=false) ~ ' ', ' on ' ~ probe ~ ' ')
            | replace(' execute function ' ~ adapter.quote(relation.schema) ~ '.', ' execute function pg_temp.') }};
        {%- endfor %}
    {%- endfor %}
    {%- endset -%}
    {{ unheard(probes) }}
    with

    probes as (

        select
            pg_class.*,
            replace(pg_class.relname, 'pggit_audit_probe_', '')::integer as place
        from pg_class
        where pg_class.relnamespace = pg_my_temp_schema() and pg_class.relname ~ '^pggit_audit_probe_[0-9]+$'

    )

    select
        probes.place,
        facts.kind,
        facts.fact
    from probes
    inner join (
        {{ table_facts('probes') }}
    ) as facts on probes.oid = facts.oid
    {%- for node in nodes %}
        {%- set place = loop.index0 -%}
        {%- for column in node.columns.values() %}
            {%- for constraint in column.constraints if constraint.type == 'foreign_key' %}
    union all

    -- a temporary table cannot refer to a lasting one
    select
        {{ place }},
        'constraint',
        format(
            'FOREIGN KEY (%I) REFERENCES %s(%I)', {{ dbt.string_literal(column.name) }},
            to_regclass({{ dbt.string_literal(audit_table((constraint.to | replace("'", '"')).split('"')[-2])) }}), {{ dbt.string_literal(constraint.to_columns[0]) }}
        )
            {%- endfor %}
        {%- endfor %}
    {%- endfor %}
{% endmacro %}


{% macro _probed_constraint(constraint) -%}
    {%- if constraint.type == 'check' -%} check ({{ constraint.expression }})
    {%- else -%} {{ constraint.type | replace('_', ' ') }}{% endif -%}
{%- endmacro %}


{% macro _dropped_again(nodes) %}
    {%- for node in nodes %}
        drop table pg_temp.pggit_audit_probe_{{ loop.index0 }};
        {%- for function in context[node.config.meta.guard](api.Relation.create(schema=node.schema, identifier=node.alias)).functions %}
        drop function pg_temp.{{ function.name }}();
        {%- endfor %}
    {%- endfor %}
{% endmacro %}
