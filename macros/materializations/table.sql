{#- A table is emptied and filled in one transaction, as long as its columns are the same: until that is committed it
    says what it said, what reads it stays, and a tracker that is at work has nothing to record. -#}

{% materialization table, adapter='pggit', supported_languages=['sql', 'python'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set is_python = model['language'] == 'python' -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set fits = relation_fits(existing, typed_columns_query(model) if is_python else sql) -%}
    {%- if fits == 'as it is' -%}
        {%- if is_python -%}
            {% call statement('main', language='python') -%}
                {{ pggit_python_code(compiled_code, target_relation, emptied(target_relation)) }}
            {%- endcall %}
        {%- else -%}
            {% call statement('main') -%}
                {{ emptied(target_relation) }};
                insert into {{ target_relation }}
                {{ sql }}
            {%- endcall %}
        {%- endif -%}
    {%- else -%}
        {#- Under another name until the last moment, where somebody may read the old one; a Python model's session is
            not this one. -#}
        {%- set is_new = existing is none and not is_python -%}
        {%- set fresh = target_relation if is_new else make_intermediate_relation(target_relation) -%}
        {%- if is_python -%}
            {% call statement('main', language='python') -%}
                {{ pggit_python_code(compiled_code, fresh, first=own_ddl_first()) }}
            {%- endcall %}
        {%- endif -%}
        {%- do own_ddl_begins() -%}
        {%- if not is_python -%}
            {%- if not is_new -%}{%- call statement('stale') -%}drop table if exists {{ fresh }}{%- endcall -%}{%- endif -%}
            {% call statement('main') -%}
                {{ get_create_table_as_sql(False, fresh, sql) }}
            {%- endcall %}
        {%- endif -%}
        {%- do create_indexes(fresh) -%}
        {%- if existing is not none -%}
            {%- do say_made_anew(existing) -%}
            {%- do set_aside(existing) -%}
        {%- endif -%}
        {%- if not is_new -%}{%- do adapter.rename_relation(fresh, target_relation) -%}{%- endif -%}
        {%- do own_ddl_ends() -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke(existing, full_refresh_mode=False)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
