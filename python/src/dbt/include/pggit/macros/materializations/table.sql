{% materialization table, adapter='pggit', supported_languages=['sql', 'python'] %}
    {#- A SQL model goes dbt-postgres's way. submit_python_job has to be called from the materialization
        itself, so the Python way is written out here: fill another relation, then swap in one transaction. -#}
    {%- if model['language'] == 'sql' -%}
        {{ return(materialization_table_default()) }}
    {%- endif -%}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set fresh = make_intermediate_relation(target_relation) -%}
    {%- set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) -%}
    {%- set grant_config = config.get('grants') -%}

    {{ drop_relation_if_exists(load_cached_relation(backup)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main', language='python') -%}
        {{ pggit_python_code(compiled_code, fresh) }}
    {%- endcall %}
    {% do create_indexes(fresh) %}
    {% if existing is not none %}
        {{ adapter.rename_relation(existing, backup) }}
    {% endif %}
    {{ adapter.rename_relation(fresh, target_relation) }}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target_relation, grant_config, should_revoke(existing, full_refresh_mode=True)) %}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}

    {{ drop_relation_if_exists(backup) }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
