{% macro published(model_name) %}
    {#- Not ref(): what decides which rows are new would then depend on the model that the new rows go into. -#}
    {%- if not execute -%}{{ return('(select)') }}{%- endif -%}
    {%- set node = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', model_name) | first -%}
    {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
    {%- set missing = missing_columns(relation, node) if relation else node.columns.keys() | list -%}
    {%- if relation and not missing -%}{{ return(relation.render()) }}{%- endif -%}
    {#- columns that the table gets when it is next written to -#}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- do columns.append('null::' ~ column.data_type ~ ' as ' ~ name if column.name in missing else name) -%}
    {%- endfor -%}
    {{ return('(select ' ~ columns | join(', ') ~ (' from ' ~ relation.render() if relation else ' where false') ~ ')') }}
{% endmacro %}


{% macro is_published(model_name) %}
    {%- if not execute -%}{{ return(false) }}{%- endif -%}
    {{ return(published_relation(model_name) is not none) }}
{% endmacro %}


{% macro published_relation(model_name) %}
    {%- set node = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', model_name) | first -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
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
