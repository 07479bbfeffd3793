{#- A table that only grows: rows whose unique_key is new are added, and nothing that is there is ever changed.
    A full refresh is an ordinary build, for the published history must survive it. -#}

{% materialization append_only, default %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set keys = config.require('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set shared = config.get('meta', {}).get('must_exist', false) -%}
    {%- set existing = load_cached_relation(this) -%}

    {%- if existing is none and shared -%}
        {%- do exceptions.raise_compiler_error(
            'There is no table ' ~ this.schema ~ '.' ~ this.identifier ~ ' to publish to. Nothing was published. '
            ~ 'Install pggit_v0, or name its schema in the variable pggit_v0_schema.'
        ) -%}
    {%- elif existing is not none and not existing.is_table -%}
        {%- do exceptions.raise_compiler_error(
            this.schema ~ '.' ~ this.identifier ~ ' is a ' ~ existing.type ~ ', not a table. Nothing was published there. '
            ~ 'Something else owns that name: choose another schema (variable audit_schema).'
        ) -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set guard = config.get('meta', {}).get('guard') -%}
    {%- set is_guarded = existing is not none and not missing_columns(target_relation, model)
        and (not guard or guards_hold(model)) -%}
    {%- if not is_guarded -%}
        {%- do own_ddl_begins() -%}
        {%- if existing is none -%}
            {% call statement('create') -%}
                create table {{ target_relation }} {{ get_table_columns_and_constraints() }}
            {%- endcall %}
            {%- do create_indexes(target_relation) -%}
            {% call statement('identity') -%}{{ give_replica_identity(target_relation) }}{%- endcall %}
            {% call statement('noted') -%}{{ note_published_table(model) }}{%- endcall %}
        {%- else -%}
            {%- do add_missing_columns(target_relation, model) -%}
        {%- endif -%}
        {#- before the rows: an entry of the compliance log gets its hash from a trigger -#}
        {%- if guard -%}
            {% call statement('guard') -%}{{ make_guards(target_relation, context[guard](target_relation)) }}{%- endcall %}
        {%- endif -%}
        {%- do own_ddl_ends() -%}
    {%- endif -%}

    {%- set columns = [] -%}
    {%- for column in get_columns_in_query(sql) -%}{%- do columns.append(adapter.quote(column)) -%}{%- endfor -%}
    {%- set columns = columns | join(', ') -%}

    {#- A join keeps no order: where rows are numbered as they come, the model's own order is kept beside them. -#}
    {%- set in_order = config.get('meta', {}).get('in_order', false) -%}
    {% call statement('main') -%}
        insert into {{ target_relation }} ({{ columns }})
        select {{ columns }}
        from (
            {%- if in_order %}
            select model_rows.*, row_number() over () as place_in_model from ({{ sql }}) as model_rows
            {%- else %}
            {{ sql }}
            {%- endif %}
        ) as new_rows
        where not exists (
            select from {{ target_relation }} as present
            where
                {%- for key in keys %}
                {% if not loop.first %}and {% endif -%} present.{{ adapter.quote(key) }} = new_rows.{{ adapter.quote(key) }}
                {%- endfor %}
        )
        {%- if in_order %}
        order by new_rows.place_in_model
        {%- endif %}
        {%- if shared %}
        -- others write here too, perhaps the same object at this moment
        on conflict do nothing
        {%- endif %}
    {%- endcall %}

    {#- the next models look single rows up in what has just grown -#}
    {% call statement('analyze') -%}
        analyze {{ target_relation }}
    {%- endcall %}

    {%- do apply_grants(target_relation, config.get('grants'), should_revoke(existing, full_refresh_mode=False)) -%}
    {%- do persist_docs(target_relation, model) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}
