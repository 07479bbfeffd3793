{#- For on-run-start: where the command writes, fail at once if another build runs in the target database, and
    hold the lock until the command ends. Reading commands (test, docs, compile) run beside a build. -#}
{% macro acquire_build_lock(table=none) %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed', 'snapshot', 'clone') -%}
        {%- do adapter.acquire_build_lock(table) -%}
    {%- endif -%}
{% endmacro %}
