{#- `dbt show --select changes`: of a table that only grows, what is published, not what the next build would add. -#}
{% macro get_show_sql(compiled_code, sql_header, limit) -%}
    {%- set published = load_relation(this) if model.config.materialized == 'append_only' else none -%}
    {{ sql_header or '' }}
    {{ get_limit_subquery_sql('select * from ' ~ published if published else compiled_code, limit) }}
{%- endmacro %}
