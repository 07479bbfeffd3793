{% macro published(model_name) %}
    {#- Not ref(): what decides which rows are new would then depend on the model that the new rows go into. -#}
    {%- if not execute -%}{{ return('(select)') }}{%- endif -%}
    {%- set node = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', model_name) | first -%}
    {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
    {%- if relation -%}{{ return(relation.render()) }}{%- endif -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append('null::' ~ column.data_type ~ ' as ' ~ adapter.quote(column.name)) -%}
    {%- endfor -%}
    {{ return('(select ' ~ columns | join(', ') ~ ' where false)') }}
{% endmacro %}


{% macro with_published(model, model_name, key) %}
    {#- What a work table will have made of the published one: its rows, and those published that it does not have. -#}
    {%- if not execute or model | string == published(model_name) -%}{{ return(model | string) }}{%- endif -%}
    {%- set node = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', model_name) | first -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}{%- do columns.append(adapter.quote(column.name)) -%}{%- endfor -%}
    {%- set columns = columns | join(', ') -%}
    (
        select {{ columns }} from {{ model }}
        union all
        select {{ columns }} from {{ published(model_name) }} as published_rows
        where not exists (select from {{ model }} as new_rows where new_rows.{{ key }} = published_rows.{{ key }})
    )
{% endmacro %}
