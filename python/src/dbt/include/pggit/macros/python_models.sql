{% macro pggit__resolve_model_name(input_model_name) %}
    {{- input_model_name | string -}}
{% endmacro %}

{% macro pggit_python_code(compiled_code, relation) %}
    {{- compiled_code }}

# where the adapter puts the rows
pggit_target = {
    "relation": {{ relation | string | tojson }},
    {%- set stale = load_cached_relation(relation) %}
    "stale": {{ (stale.type | string | tojson) if stale is not none else 'None' }},
    "unlogged": {{ 'True' if config.get('unlogged', default=false) else 'False' }},
}
{% endmacro %}
