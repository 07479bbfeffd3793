{% macro acquire_build_lock() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'clone') -%}
        {%- do adapter.acquire_build_lock() -%}
    {%- endif -%}
{% endmacro %}
