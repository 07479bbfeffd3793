{#- dbt's default escapes quotes once too often: the names end up within JSON, which escapes them itself. -#}
{% macro pggit__resolve_model_name(input_model_name) %}
    {{- input_model_name | string -}}
{% endmacro %}

{#- A compiled model, with the relation that its rows go to, and what a failed build left under that name. With
    `emptied` the relation is there, and that statement empties it; `first` are statements that go before its creation. -#}
{% macro pggit_python_code(compiled_code, relation, emptied=none, first=[]) %}
    {{- compiled_code }}

# where the adapter puts the rows
pggit_target = {
    "relation": {{ relation | string | tojson }},
    {%- set stale = load_cached_relation(relation) %}
    "stale": {{ (stale.type | string | tojson) if stale is not none else 'None' }},
    "emptied": {{ 'None' if emptied is none else emptied | string | tojson }},
    "first": {{ first | tojson }},
    "unlogged": {{ 'True' if config.get('unlogged', default=false) else 'False' }},
}
{% endmacro %}
