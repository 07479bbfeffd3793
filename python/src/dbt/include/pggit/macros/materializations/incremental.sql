{% materialization incremental, adapter='pggit', supported_languages=['sql', 'python'] %}
    {%- if model['language'] == 'sql' -%}
        {{ return(materialization_incremental_default()) }}
    {%- endif -%}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set fresh = make_intermediate_relation(target_relation) -%}
    {%- set backup = make_backup_relation(target_relation, 'table' if existing is none else existing.type) -%}
    {%- set grant_config = config.get('grants') -%}
    {%- set replace = existing is none or existing.is_view or should_full_refresh() -%}
    {%- set on_schema_change = incremental_validate_on_schema_change(
        config.get('on_schema_change'), default='ignore'
    ) -%}

    {{ drop_relation_if_exists(load_cached_relation(backup)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {#- dbt's temporary tables are seen by one connection only, so the new rows go to a real table first. -#}
    {% call statement('main', language='python') -%}
        {{ pggit_python_code(compiled_code, fresh) }}
    {%- endcall %}

    {% if replace %}
        {% do create_indexes(fresh) %}
        {% if existing is not none %}
            {% do adapter.rename_relation(existing, backup) %}
        {% endif %}
        {% do adapter.rename_relation(fresh, target_relation) %}
    {% else %}
        {% set columns = process_schema_changes(on_schema_change, fresh, existing) %}
        {% set strategy = adapter.get_incremental_strategy_macro(
            context, config.get('incremental_strategy') or 'default'
        ) %}
        {% do run_query(strategy({
            'target_relation': target_relation,
            'temp_relation': fresh,
            'unique_key': config.get('unique_key'),
            'dest_columns': columns or adapter.get_columns_in_relation(existing),
            'incremental_predicates':
                config.get('predicates', none) or config.get('incremental_predicates', none),
        })) %}
        {% do adapter.drop_relation(fresh) %}
    {% endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target_relation, grant_config, should_revoke(existing, replace)) %}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}

    {{ drop_relation_if_exists(load_cached_relation(backup)) }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
