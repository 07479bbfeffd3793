{{ config(group="schema_history") }}
{%- set tables = [] -%}
{%- for node in _tables_that_grow() -%}
    {%- do tables.append({'table_name': node.name, 'relation': adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias)}) -%}
{%- endfor -%}
select
    tables.table_name,
    tables.relation
from jsonb_to_recordset({{ dbt.string_literal(tojson(tables)) }}::jsonb) as tables (table_name text, relation text)
where
    to_regclass(tables.relation) is not null
    and not exists (
        select from {{ ref('published_tables') }} as published_tables
        where published_tables.table_name = tables.table_name
    )
