{#-
  Where v1 is: in its own schema, after a cutover in the archive, and after `pggit-audit finish` the recorded rows alone
  in tables of the results' schema. The project finds out by itself, so that dbt's commands are the same in all three.
-#}

{% macro source() %}
    {%- set relation = _whole(builtins.source(*varargs)) -%}
    {%- if not execute or varargs[0] != 'pggit' or relation.schema != var('pggit_schema') -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(v1_relation(relation.identifier)) }}
{% endmacro %}


{% macro v1_relation(table) %}
    {%- set schema = var('pggit_schema') -%}
    {%- set found = adapter.run_once("
        select
            to_regnamespace(quote_ident(" ~ dbt.string_literal(schema) ~ ")) is not null as in_place,
            to_regnamespace('" ~ v1_archive_schema() ~ "') is not null as archived,
            to_regclass(quote_ident(" ~ dbt.string_literal(var('audit_schema')) ~ ") || '.v1_history') is not null as finished
    ").rows[0] -%}
    {%- if found['in_place'] or not (found['archived'] or found['finished']) -%}
        {{ return(api.Relation.create(database=target.database, schema=schema, identifier=table)) }}
    {%- elif found['archived'] -%}
        {{ return(api.Relation.create(database=target.database, schema=v1_archive_schema(), identifier=table)) }}
    {%- endif -%}
    {{ return(api.Relation.create(database=target.database, schema=var('audit_schema'), identifier='v1_' ~ table)) }}
{% endmacro %}


{% macro v1_archive_schema() %}
    {{ return('pggit_v1_archive') }}
{% endmacro %}


{#- With --empty dbt reads no row of anything. Here that goes for the tables that a build works on: a view would say nothing
    any more, to whoever reads it, until the next build. -#}
{% macro ref() %}
    {{ return(_whole(builtins.ref(*varargs, **kwargs))) }}
{% endmacro %}


{% macro _whole(relation) %}
    {%- if relation.limit is not defined or relation.limit is none -%}{{ return(relation) }}{%- endif -%}
    {%- if model is defined and model.language == 'sql' and model.config.materialized == 'table'
        and model.schema == var('audit_schema') ~ '_work' -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(relation.replace(limit=none)) }}
{% endmacro %}
