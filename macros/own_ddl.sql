{#-
  What the build itself makes must not become history: pgGit v1 records the DDL of whoever makes something, a build's
  as well. Where the role may, the tracker's event triggers do not fire for it; where it may not, v1's rows about it
  are told from all others by the id of the transaction that wrote them, which the build notes in own_transactions.
-#}

{% macro own_ddl_begins() %}
    {%- do adapter.ensure_transaction() -%}
    {%- call statement('own_ddl') -%}{{ own_ddl_first() | join(';\n') }}{%- endcall -%}
{% endmacro %}


{% macro own_ddl_ends() %}
    {%- if may_pause_event_triggers() -%}
        {%- call statement('resume') -%}set local session_replication_role = origin{%- endcall -%}
    {%- endif -%}
{% endmacro %}


{#- The same for the session that fills a Python model's new table: statements to run before it is made. -#}
{% macro own_ddl_first() %}
    {%- set first = [note_own_transaction('build')] -%}
    {%- if may_pause_event_triggers() -%}
        {#- Event triggers only: the statements that follow are DDL, and no row of a guarded table is written. -#}
        {%- do first.append('set local session_replication_role = replica') -%}
    {%- endif -%}
    {{ return(first) }}
{% endmacro %}


{% macro may_pause_event_triggers() %}
    {%- set server = adapter.run_once("
        select
            current_setting('is_superuser') = 'on' as is_superuser,
            current_setting('server_version_num')::integer as version
    ").rows[0] -%}
    {%- if server['is_superuser'] -%}{{ return(true) }}{%- endif -%}
    {#- before 15, no right on a setting can be granted, and there is no function to ask for it -#}
    {%- if server['version'] < 150000 -%}{{ return(false) }}{%- endif -%}
    {{ return(adapter.run_once(
        "select has_parameter_privilege('session_replication_role', 'set') as may_pause"
    ).rows[0]['may_pause']) }}
{% endmacro %}


{#- Not ref(): whatever makes something notes it there. -#}
{% macro own_transactions() -%}
    {{ work_table('own_transactions') }}
{%- endmacro %}


{% macro note_own_transaction(purpose) -%}
    insert into {{ own_transactions() }} (transaction_id, purpose, noted_by, began_at)
    values (pg_current_xact_id()::text::bigint, {{ dbt.string_literal(purpose) }}, current_user, localtimestamp)
    on conflict (transaction_id) do nothing
{%- endmacro %}


{#- For on-run-start: before the first relation is made, the place to note it. -#}
{% macro ensure_own_transactions() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed', 'clone') -%}
        {%- set node = _model_node('own_transactions') -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias, type='table'
        ) -%}
        {%- if adapter.get_relation(node.database, node.schema, node.alias) is none -%}
            {#- a build of functions alone makes no schema of its own -#}
            {%- if not adapter.check_schema_exists(node.database, node.schema) -%}
                {%- do adapter.create_schema(api.Relation.create(database=node.database, schema=node.schema)) -%}
            {%- endif -%}
            {%- set columns = [] -%}
            {%- for column in node.columns.values() -%}
                {%- do columns.append(adapter.quote(column.name) ~ ' ' ~ column.data_type
                    ~ (' primary key' if loop.first else ' not null')) -%}
            {%- endfor -%}
            {%- call statement('create') -%}
                {%- if may_pause_event_triggers() %}
                set local session_replication_role = replica;
                {%- endif %}
                create table if not exists {{ relation.include(database=false) }} ({{ columns | join(', ') }});
                {{ make_guards(relation, audit_guard_own_transactions(relation)) }}
                {%- if may_pause_event_triggers() %}
                set local session_replication_role = origin;
                {%- endif %}
                {{ note_own_transaction('build') }}
            {%- endcall -%}
            {%- do adapter.commit() -%}
            {%- do adapter.cache_added(relation) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#- For on-run-end: what a build leaves in v1's history about itself is no secret. -#}
{% macro say_what_the_tracker_recorded() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed') -%}
        {%- set history = source('pggit', 'history') -%}
        {%- set transaction_id = source_transaction(history) -%}
        {#- not worth waiting for whoever has locked the history -#}
        {%- set locked = run_query("
            select count(*) > 0 as locked from pg_locks
            where granted and mode = 'AccessExclusiveLock' and relation = to_regclass('" ~ history.include(database=false) ~ "')
        ").rows[0]['locked'] -%}
        {%- if transaction_id != 'null::bigint' and not locked -%}
            {%- set rows = run_query("
                select count(*) as rows
                from " ~ history ~ " as history
                inner join " ~ own_transactions() ~ " as own on own.transaction_id % 4294967296 = history." ~ transaction_id ~ "
                where own.purpose = 'build' and own.began_at >= '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S') ~ "'::timestamp
            ").rows[0]['rows'] -%}
            {%- if rows -%}
                {%- do log('The tracker of v1 is at work, and recorded ' ~ rows ~ ' row(s) about what this build made. The next '
                    ~ 'build leaves them out; it makes nothing anew that is as it should be.', info=true) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro _model_node(name) %}
    {{ return(graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', name) | first) }}
{% endmacro %}
