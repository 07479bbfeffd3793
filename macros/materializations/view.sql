{#- A view is replaced in place, and only where it would say something else: what reads it stays, whatever happens to
    the rest of the build, and a tracker that is at work has nothing to record. -#}

{% materialization view, adapter='pggit' %}

    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}
    {%- set fits = relation_fits(existing, sql) -%}
    {%- if fits == 'as it is' -%}
        {% call noop_statement('main', 'CREATE VIEW', 'CREATE VIEW', -1) -%}{{ sql }}{%- endcall %}
    {%- else -%}
        {%- do own_ddl_begins() -%}
        {%- if existing is not none -%}{%- do say_made_anew(existing) -%}{%- endif -%}
        {%- if existing is not none and fits == 'not' -%}{%- do set_aside(existing) -%}{%- endif -%}
        {% call statement('main') -%}
            create or replace view {{ target_relation }} as (
                {{ sql }}
            )
        {%- endcall %}
        {%- do own_ddl_ends() -%}
    {%- endif -%}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke(existing, full_refresh_mode=False)) -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
