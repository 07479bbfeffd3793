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
